import type { Attempt, GaveUp, Solved } from '../../../src/domain/outcome.ts';

const startedAt = Date.UTC(2026, 0, 2, 3, 4, 5);

/** An attempt that was accepted and solved, with these differences. */
export function anAttempt(special: Partial<Attempt> = {}): Attempt {
  return {
    attempt: 1,
    region: null,
    captchaId: '77',
    startedAt,
    submittedAt: startedAt + 250,
    durationMs: 20_250.4,
    submitMs: 249.6,
    pollMs: [80.2, 79.9],
    pollFaultCount: 0,
    fault: null,
    possiblyCharged: false,
    ...special,
  };
}

/** A task that was solved at the first attempt, with these differences. */
export function aSolved(special: Partial<Solved> = {}): Solved {
  return {
    status: 'solved',
    taskId: '1',
    region: null,
    attempts: [anAttempt()],
    durationMs: 20_250.4,
    possiblyCharged: false,
    solution: { text: 'token', fields: {} },
    captchaId: '77',
    submittedAt: startedAt + 250,
    solvedAt: startedAt + 15_250,
    expiresAt: startedAt + 135_250,
    ...special,
  };
}

/** A task that failed before any submission was accepted, with these differences. */
export function aGaveUp(special: Partial<GaveUp> = {}): GaveUp {
  return {
    status: 'failed',
    taskId: '1',
    region: null,
    attempts: [],
    durationMs: 1_234.5,
    possiblyCharged: false,
    reason: 'breaker-open',
    code: null,
    message: 'the service is unavailable',
    retryInMs: null,
    captchaId: null,
    submittedAt: null,
    ...special,
  };
}
