import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import { type AttemptResult, type AttemptSteps, runAttempt } from '../../../src/core/solve/attempt.ts';
import type { SolverEvent } from '../../../src/domain/events.ts';
import type { FaultKind } from '../../../src/domain/fault.ts';
import type { CallResult } from '../../../src/ports/state.ts';
import { aFault, aTask } from '../../support/builders.ts';
import { notReady, ready, type ScriptedAnswers, ScriptedApi } from '../../support/scripted-api.ts';
import { usualTiming, wellBehaved } from '../../support/solver-harness.ts';

const pass = { epoch: 4, probe: true };
const noSteps = { intend: () => undefined, refused: () => undefined, submitted: () => undefined };

interface EndedAttempt extends AttemptResult {
  readonly verdicts: readonly CallResult[];
  readonly deposits: number;
  readonly events: readonly SolverEvent[];
  readonly api: ScriptedApi;
}

interface Breaking {
  readonly steps?: Partial<AttemptSteps>;
  readonly submit?: () => Promise<string>;
  readonly emit?: (event: SolverEvent) => void;
  /** After the verdict was heard. */
  readonly record?: () => void;
}

interface Remains {
  readonly error: unknown;
  readonly verdicts: readonly CallResult[];
  readonly deposits: number;
}

const fails = (message: string) => (): never => {
  throw new Error(message);
};

/** What an attempt leaves behind that breaks. */
async function breaking({ steps, submit, emit = () => undefined, record }: Breaking): Promise<Remains> {
  const clock = new VirtualClock(1_000_000);
  const api = new ScriptedApi(wellBehaved, { clock });
  const verdicts: CallResult[] = [];
  let deposits = 0;
  const attempt = runAttempt(
    { task: aTask(), attempt: 1, deadlineAtMs: 100_000, start: { permit: pass }, steps: { ...noSteps, ...steps } },
    {
      ...{ clock, random: seededRandom(1), emit, timing: () => usualTiming },
      api: submit === undefined ? api : { submit, poll: (id, limits) => api.poll(id, limits) },
      budget: { deposit: () => void (deposits += 1), tryWithdraw: () => ({ granted: false, retryInMs: null }) },
      breaker: {
        tryAcquire: () => ({ admitted: true, permit: pass }),
        record: (_, verdict) => {
          verdicts.push(verdict);
          record?.();
        },
      },
    },
  );
  const ended = attempt.then(
    () => null,
    (error: unknown) => error,
  );
  await clock.run();
  return { error: await ended, verdicts, deposits };
}

async function attempting(answers: Partial<ScriptedAnswers>, deadlineAtMs = 100_000): Promise<EndedAttempt> {
  const clock = new VirtualClock(1_000_000);
  const api = new ScriptedApi({ ...wellBehaved, ...answers }, { clock });
  const verdicts: CallResult[] = [];
  const events: SolverEvent[] = [];
  let deposits = 0;
  const end = runAttempt(
    { task: aTask({ region: 'eu' }), attempt: 2, deadlineAtMs, start: { permit: pass }, steps: noSteps },
    {
      api,
      clock,
      random: seededRandom(1),
      budget: { deposit: () => void (deposits += 1), tryWithdraw: () => ({ granted: false, retryInMs: null }) },
      breaker: {
        tryAcquire: () => ({ admitted: true, permit: pass }),
        record: (given, verdict) => {
          expect(given).toBe(pass);
          verdicts.push(verdict);
        },
      },
      emit: (event) => events.push(event),
      timing: () => usualTiming,
    },
  );
  await clock.run();
  return { ...(await end), verdicts, deposits, events, api };
}

describe('an attempt', () => {
  it('says what it learnt of the service also where its id cannot be written down', async () => {
    const remains = await breaking({ steps: { submitted: fails('no space left') } });
    expect(remains).toEqual({ error: new Error('no space left'), verdicts: ['success'], deposits: 1 });
  });

  it('gives the pass of the breaker back where the submission breaks', async () => {
    const bug = new TypeError('a bug');
    const remains = await breaking({ submit: () => Promise.reject(bug) });
    expect(remains).toEqual({ error: bug, verdicts: ['abandoned'], deposits: 0 });
  });

  it('says what it learnt of the service also where nobody can be told of its id', async () => {
    const emit = ({ type }: SolverEvent): void => (type === 'submitted' ? fails('a bug')() : undefined);
    expect(await breaking({ emit })).toEqual({ error: new Error('a bug'), verdicts: ['success'], deposits: 1 });
  });

  it.each<[string, Breaking]>([
    ['the submission cannot be noted', { steps: { intend: fails('first') } }],
    ['the submission breaks', { submit: async () => fails('first')() }],
    ['the id cannot be written down', { steps: { submitted: fails('first') } }],
  ])('tells why it broke where %s, although the breaker cannot be told either', async (_where, parts) => {
    expect((await breaking({ ...parts, record: fails('second') })).error).toEqual(new Error('first'));
  });

  it('breaks where the breaker alone cannot be told', async () => {
    expect((await breaking({ record: fails('no space left') })).error).toEqual(new Error('no space left'));
  });

  it('is one submission and its polls, with their times', async () => {
    const { record, solved } = await attempting({
      submits: () => [{ latencyMs: 200, answer: 'accepted' }],
      polls: () => [{ latencyMs: 100, answer: ready }],
    });
    expect(solved).toMatchObject({ solution: { text: 'token' } });
    expect(record).toEqual({
      attempt: 2,
      region: 'eu',
      captchaId: 't1-1',
      startedAt: 1_000_000,
      submittedAt: 1_000_200,
      durationMs: 15_300,
      submitMs: 200,
      pollMs: [100],
      pollFaultCount: 0,
      fault: null,
      possiblyCharged: false,
    });
  });

  it('tells what happens as it happens', async () => {
    const { events } = await attempting({
      polls: () => [{ answer: notReady }, { fault: aFault() }, { answer: ready }],
    });
    const about = { taskId: 't1', attempt: 2 };
    expect(events).toEqual([
      { type: 'submitting', ...about, region: 'eu' },
      { type: 'submitted', ...about, captchaId: 't1-1', roundTripMs: 0 },
      { type: 'polling', ...about, captchaId: 't1-1', inMs: expect.any(Number) as number },
      { type: 'not-ready', ...about, captchaId: 't1-1' },
      { type: 'poll-fault', ...about, captchaId: 't1-1', fault: aFault() },
    ]);
  });

  it('gives the submission the time that is left', async () => {
    const { api } = await attempting({});
    expect(api.submissions[0]?.timeLeftMs).toBe(100_000);
  });

  it('funds the retry budget when the submission is accepted, whatever becomes of it', async () => {
    const unsolvable = { fault: aFault({ kind: 'unsolvable' }) };
    expect((await attempting({ polls: () => [unsolvable] })).deposits).toBe(1);
    expect((await attempting({ submits: () => [unsolvable] })).deposits).toBe(0);
  });

  it('may have been charged in vain where the service has forgotten its id, not where it gave it up', async () => {
    const after = async (answerLost: boolean): Promise<boolean> => {
      const poll = { fault: aFault({ kind: 'unsolvable', answerLost }) };
      return (await attempting({ polls: () => [poll] })).record.possiblyCharged;
    };
    expect(await after(true)).toBe(true);
    expect(await after(false)).toBe(false);
  });

  it.each<[FaultKind, CallResult]>([
    ['transport', 'failure'],
    ['timeout', 'failure'],
    ['throttled', 'busy'],
    ['unsolvable', 'success'],
    ['rejected', 'success'],
    ['account', 'success'],
    ['config', 'abandoned'],
  ])('that ends at the submission in %s is to the breaker a %s', async (kind, verdict) => {
    const fault = aFault({ kind });
    const { record, solved, verdicts, api } = await attempting({ submits: () => [{ latencyMs: 30, fault }] });
    expect(verdicts).toEqual([verdict]);
    expect(record).toMatchObject({ captchaId: null, submittedAt: null, submitMs: null, durationMs: 30, fault });
    expect(solved).toBe(null);
    expect(api.calls).toHaveLength(1);
  });

  it('is to the breaker a success once it was accepted, whatever becomes of its polls', async () => {
    const { verdicts, record } = await attempting({ polls: () => [{ fault: aFault() }] });
    expect(verdicts).toEqual(['success']);
    expect(record.fault).toMatchObject({ kind: 'timeout' });
  });

  it.each([true, false])('whose submission was lost: %s, says whether it may have been charged', async (answerLost) => {
    const { record } = await attempting({ submits: () => [{ fault: aFault({ answerLost }) }] });
    expect(record.possiblyCharged).toBe(answerLost);
  });

  it('submits once, however many polls fail', async () => {
    const { api, record } = await attempting({ polls: () => [{ latencyMs: 5, fault: aFault() }] });
    expect(api.submissions).toHaveLength(1);
    expect(record.pollFaultCount).toBe(api.polls.length);
    expect(record.captchaId).toBe('t1-1');
  });

  it('that had no time left says nothing about the service', async () => {
    const submits = () => [{ fault: aFault({ kind: 'timeout' }) }] as const;
    expect((await attempting({ submits }, 0)).verdicts).toEqual(['abandoned']);
    expect((await attempting({ submits }, 1)).verdicts).toEqual(['failure']);
  });
});
