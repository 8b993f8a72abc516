import { describe, expect, it } from 'vitest';
import type { Context } from '../../../src/cli/context.ts';
import { startBatchProgress } from '../../../src/commands/batch/progress.ts';
import { BatchStats } from '../../../src/core/batch/batch-report.ts';
import { ConcurrencyLimit } from '../../../src/core/batch/concurrency-limit.ts';
import type { SolverEvent } from '../../../src/domain/events.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';
import { aSolved } from '../../cli/support/outcomes.ts';
import { aFault } from '../../support/builders.ts';

async function watched(total: number | null, parts: StageParts = {}, env: Context['env'] = {}) {
  const stage = aStage(parts);
  const stats = new BatchStats();
  const limit = new ConcurrencyLimit({ start: 5, max: 5 }, { clock: stage.clock });
  const progress = startBatchProgress({ stats, limit, total }, { ...stage.context, env });
  const finish = (count: number): void => {
    for (let each = 0; each < count; each += 1) {
      stats.recordResult({ outcome: aSolved(), attemptCount: 1, possiblyCharged: false, expired: false });
    }
  };
  return { ...stage, progress, finish };
}

describe('the progress of a batch', () => {
  it('is a line every half minute without a screen', async () => {
    const { clock, stderr, progress, finish } = await watched(100);
    finish(30);
    await clock.advance(29_999);
    expect(stderr.text).toBe('');
    await clock.advance(1);
    expect(stderr.text).toBe('30/100 done, 30 solved, 0 failed, 0 in flight, 1.0/s, 1m 10s left\n');
    progress.stop();
    await clock.advance(60_000);
    expect(stderr.text.split('\n')).toHaveLength(2);
  });

  it.each([
    ['how many there are is not known', null, 30],
    ['nothing is done', 100, 0],
  ])('estimates no end if %s', async (_sentence, total, done) => {
    const { clock, stderr, progress, finish } = await watched(total);
    finish(done);
    await clock.advance(30_000);
    progress.stop();
    expect(stderr.text).toContain(`${done}`);
    expect(stderr.text).not.toContain('left');
  });

  it('never estimates a past end', async () => {
    const { clock, stderr, progress, finish } = await watched(2);
    finish(3);
    await clock.advance(30_000);
    progress.stop();
    expect(stderr.text).toContain('0ms left');
  });

  it('shows what it waits for, without an estimate meanwhile', async () => {
    const { clock, stderr, progress, finish } = await watched(100);
    finish(30);
    const about = { taskId: '1', attempt: 1 };
    progress.recordEvent({ type: 'breaker-refused', ...about, retryInMs: 5_000, isWaiting: true, fault: null });
    progress.recordEvent({ type: 'breaker-refused', ...about, retryInMs: 5_000, isWaiting: true, fault: null });
    const cause = /^paused since \d\d:\d\d:\d\d: the circuit breaker is open, next try in 5s, 0 tasks waiting/;
    expect(stderr.text).toMatch(cause);
    expect(stderr.text.match(/\n/g)).toHaveLength(1);
    progress.recordEvent({ type: 'attempt-failed', ...about, fault: aFault({ message: 'HTTP 503.' }), liveId: null });
    await clock.advance(30_000);
    expect(stderr.text).toMatch(/30 solved, 0 failed; paused since \d\d:\d\d:\d\d: HTTP 503, next try in 0ms, /);
    progress.recordEvent({ type: 'submitted', ...about, captchaId: '7', roundTripMs: 1 });
    await clock.advance(30_000);
    progress.stop();
    expect(stderr.text).toContain('left\n');
  });

  it.each<[string, SolverEvent]>([
    ['another task was asked to', { type: 'cooling-down', taskId: '1', attempt: 1, waitMs: 30_000 }],
    [
      'a task is asked to',
      {
        ...{ type: 'attempt-failed', taskId: '1', attempt: 1, liveId: null },
        fault: aFault({ kind: 'throttled', retryAfterMs: 30_000 }),
      },
    ],
  ])('says that it waits because %s, until the wait is over', async (_why, event) => {
    const { clock, stderr, progress } = await watched(100);
    progress.recordEvent(event);
    progress.recordEvent({
      type: 'retrying',
      taskId: '1',
      attempt: 1,
      maxAttempts: 3,
      waitMs: 31_000,
      budgetBalance: 5,
    });
    await clock.advance(10_000);
    const cause = /^paused since \d\d:\d\d:\d\d: the service asks to wait \(Retry-After\), next try in 30s, 0 tasks /;
    expect(stderr.text).toMatch(cause);
    await clock.advance(20_000);
    expect(stderr.text).toMatch(
      /0 failed; paused since \S+: the service asks to wait \(Retry-After\), next try in 0ms/,
    );
    progress.stop();
  });

  it('says who holds the submissions, and then which limit is reached', async () => {
    const { clock, stderr, progress } = await watched(100);
    const about = { taskId: '1', attempt: 1, isWaiting: true, isRepeated: false } as const;
    const refused = { type: 'submission-refused', ...about } as const;
    const held = { ...refused, reason: 'held', why: 'held by ada on web-1 for 2 s: deploy', retryInMs: null } as const;
    for (let count = 0; count < 3; count += 1) progress.recordEvent(held);
    progress.recordEvent({ ...refused, reason: 'limit-reached', why: 'the limit is reached', retryInMs: 60_000 });
    expect(stderr.text.replaceAll(/\d\d:\d\d:\d\d/g, 'TIME')).toBe(
      'paused since TIME: held by ada on web-1 for 2 s: deploy, 0 tasks waiting\n' +
        'paused since TIME: the limit is reached, next try in 1m 00s, 0 tasks waiting\n',
    );
    progress.stop();
    await clock.advance(0);
  });

  it('reports a pause once, whatever the order of admitted and refused tasks at its end', async () => {
    const { clock, stderr, progress } = await watched(100);
    const about = { taskId: '1', attempt: 1 };
    const pace = async (count: number): Promise<void> => {
      for (let step = 0; step < count; step += 1) {
        progress.recordEvent({ type: 'breaker-refused', ...about, retryInMs: 530, isWaiting: true, fault: null });
        progress.recordEvent({ type: 'submitted', ...about, captchaId: '7', roundTripMs: 1 });
        await clock.advance(500);
      }
    };
    await pace(20);
    expect(stderr.text.match(/paused since .* next try in 530ms/g)).toHaveLength(1);
    await clock.advance(6_000);
    await pace(1);
    progress.stop();
    expect(stderr.text.match(/paused since .* next try in 530ms/g)).toHaveLength(2);
  });

  it('counts the refusals while no thread is free', async () => {
    const { clock, stderr, progress } = await watched(2);
    const full = { type: 'threads-full', taskId: '1', attempt: 1, fault: aFault({ message: 'full' }) } as const;
    progress.recordEvent(full);
    progress.recordEvent(full);
    expect(stderr.text).toMatch(/^waiting for a free thread since \d\d:\d\d:\d\d \(1 refusal\)\n$/);
    await clock.advance(30_000);
    progress.stop();
    expect(stderr.text).toMatch(
      /0\/2 done, 0 solved, 0 failed; waiting for a free thread since [\d:]+ \(2 refusals\)\n/,
    );
  });

  it('names the cause where no poll is answered for a while, and no single failed poll', async () => {
    const { clock, stderr, progress } = await watched(2);
    const about = { taskId: '1', attempt: 1, captchaId: '7' };
    const fault = aFault({ message: 'HTTP 502.' });
    progress.recordEvent({ type: 'submitted', ...about, roundTripMs: 1 });
    progress.recordEvent({ type: 'poll-fault', ...about, fault });
    expect(stderr.text).toBe('');
    await clock.advance(11_000);
    progress.recordEvent({ type: 'poll-fault', ...about, fault });
    expect(stderr.text).toMatch(/^no poll answered since \d\d:\d\d:\d\d: HTTP 502, 0 tasks waiting/);
    progress.recordEvent({ type: 'not-ready', ...about });
    await clock.advance(19_000);
    progress.stop();
    expect(stderr.text).toContain('0/2 done, 0 solved, 0 failed, 0 in flight');
  });

  it('names the cause while the retry budget is awaited', async () => {
    const { stderr, progress } = await watched(2);
    const about = { taskId: '1', attempt: 1 };
    progress.recordEvent({ type: 'attempt-failed', ...about, fault: aFault({ message: 'HTTP 500.' }), liveId: null });
    progress.recordEvent({ type: 'retrying', ...about, maxAttempts: 3, waitMs: 5_000, budgetBalance: -1 });
    progress.stop();
    expect(stderr.text).toMatch(/^waiting for the retry budget since [\d:]+: HTTP 500, next try in 5s\n$/);
  });

  const screen = { isTTY: true, columns: 80 };

  it('is one live line on a terminal', async () => {
    const { clock, stderr, progress, finish } = await watched(100, { stderr: screen });
    finish(30);
    await clock.advance(30_000);
    progress.stop();
    expect(stderr.text).not.toContain('done\n');
  });

  it.each<[string, StageParts, Context['env']]>([
    ['CI', { stderr: screen }, { CI: '1' }],
    ['a dumb terminal', { stderr: screen }, { TERM: 'dumb' }],
    ['logs in JSON', { stderr: screen, options: { logFormat: 'json' } }, {}],
    ['a terminal without columns', { stderr: { isTTY: true, columns: 0 } }, {}],
  ])('is also a line every half minute with %s', async (_where, parts, env) => {
    const { clock, stderr, progress, finish } = await watched(100, parts, env);
    finish(30);
    await clock.advance(30_000);
    progress.stop();
    expect(stderr.text).toContain('30/100 done');
  });

  it('is empty under --quiet', async () => {
    const { clock, stderr, progress } = await watched(100, { options: { quiet: true } });
    await clock.advance(60_000);
    progress.stop();
    expect(stderr.text).toBe('');
  });
});
