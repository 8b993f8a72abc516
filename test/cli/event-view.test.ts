import { describe, expect, it } from 'vitest';
import { noteTaskEvent, renderEvent, severityOf } from '../../src/cli/event-view.ts';
import type { SolverEvent } from '../../src/domain/events.ts';
import { aFault } from '../support/builders.ts';
import { aTerminal } from './support/a-terminal.ts';

type Bare = SolverEvent extends infer Each
  ? Each extends SolverEvent
    ? Omit<Each, 'taskId' | 'attempt'>
    : never
  : never;

const fault = aFault();

describe('renderEvent', () => {
  it.each<[number, string, Bare]>([
    [1, 'attempt 2: submitting', { type: 'submitting', region: null }],
    [1, 'attempt 2: submitting (eu-west-1)', { type: 'submitting', region: 'eu-west-1' }],
    [1, 'attempt 2: accepted as 71 in 250ms', { type: 'submitted', captchaId: '71', roundTripMs: 250 }],
    [2, '71: not ready', { type: 'not-ready', captchaId: '71' }],
    [
      1,
      '71: poll failed (connection reset); still polling the same id',
      { type: 'poll-fault', captchaId: '71', fault },
    ],
    [0, 'attempt 2 failed: connection reset', { type: 'attempt-failed', fault, liveId: null }],
    [1, 'attempt 2 failed: connection reset', { type: 'attempt-failed', fault, liveId: '71' }],
    [1, 'the service is still unavailable: connection reset', { type: 'probe-failed', fault }],
    [1, 'waiting for a free thread', { type: 'threads-full', fault }],
    [
      0,
      'retrying in 1.5s: attempt 3 of 3 (retry budget: 8.9 tokens left)',
      { type: 'retrying', maxAttempts: 3, waitMs: 1_500, budgetBalance: 8.94 },
    ],
    [0, 'retrying in 1.5s: attempt 3 of 5', { type: 'retrying', maxAttempts: 5, waitMs: 1_500, budgetBalance: null }],
    [1, 'waiting 30s: the service asks to wait (Retry-After)', { type: 'cooling-down', waitMs: 30_000 }],
    [1, 'retry budget refused', { type: 'budget-refused', retryInMs: null }],
    [1, 'retry budget refused; retry after 5s', { type: 'budget-refused', retryInMs: 5_000 }],
    [1, 'breaker open; retry after 5s', { type: 'breaker-refused', retryInMs: 5_000, isWaiting: false, fault }],
    [
      1,
      'waiting for the circuit breaker: connection reset',
      { type: 'breaker-refused', retryInMs: 5_000, isWaiting: true, fault },
    ],
    [1, 'waiting for the circuit breaker', { type: 'breaker-refused', retryInMs: 5_000, isWaiting: true, fault: null }],
    [
      0,
      'waiting for the retry budget: attempt 3 of 3 in 5s',
      { type: 'retrying', maxAttempts: 3, waitMs: 5_000, budgetBalance: -1 },
    ],
    [1, 'solved 71 in 20.3s', { type: 'solved', captchaId: '71', durationMs: 20_250 }],
    [2, 'gave up: account', { type: 'gave-up', reason: 'account', message: 'the key is unknown' }],
  ])('prints from level %i: %s', (level, text, event) => {
    expect(renderEvent({ taskId: '1', attempt: 2, ...event })).toEqual({ level, text });
  });
});

describe('severityOf', () => {
  it('is a warning for what goes wrong', () => {
    const about = { taskId: '1', attempt: 1 };
    expect(severityOf({ type: 'attempt-failed', ...about, fault, liveId: null })).toBe('warn');
    expect(severityOf({ type: 'budget-refused', ...about, retryInMs: null })).toBe('warn');
    expect(severityOf({ type: 'not-ready', ...about, captchaId: '7' })).toBe('info');
  });
});

describe('noteTaskEvent', () => {
  const failed = { type: 'attempt-failed', taskId: 't7', attempt: 1, fault, liveId: null } as const;
  const polled = { type: 'not-ready', taskId: 't7', attempt: 1, captchaId: '7' } as const;

  it.each([
    [0, []],
    [1, ['t7: attempt 1 failed: connection reset', 't7: 7: first poll in 5.3s']],
    [2, ['t7: attempt 1 failed: connection reset', 't7: 7: first poll in 5.3s', 't7: 7: not ready']],
  ])('prints the steps of single tasks from -v, and polls from -vv: %i', (verbosity, texts) => {
    const { terminal, stderr } = aTerminal({ options: { verbosity } });
    noteTaskEvent(failed, terminal);
    noteTaskEvent({ type: 'polling', taskId: 't7', attempt: 1, captchaId: '7', inMs: 5_300 }, terminal);
    noteTaskEvent(polled, terminal);
    expect(stderr.text).toBe(texts.map((text) => `2026-01-02T03:04:05.000Z ${text}\n`).join(''));
  });

  it('marks failures in JSON logs', () => {
    const { terminal, stderr } = aTerminal({ options: { verbosity: 1, logFormat: 'json' } });
    noteTaskEvent(failed, terminal);
    expect(JSON.parse(stderr.text)).toMatchObject({ level: 'warn', event: { type: 'attempt-failed' } });
  });
});
