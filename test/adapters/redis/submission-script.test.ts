import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisSubmissions } from '../../../src/adapters/redis/redis-submissions.ts';
import { submissionScript } from '../../../src/adapters/redis/submission-script.ts';
import { systemClock as clock } from '../../../src/adapters/system/system-clock.ts';
import { submitterOf } from '../../../src/core/resilience/host-submissions.ts';
import { SubmissionRules } from '../../../src/core/resilience/submission-rules.ts';
import type { SubmissionLimit } from '../../../src/ports/submissions.ts';
import { hasRedis, RedisServer } from '../../contract/support/redis-server.ts';
import { runs } from '../../support/exhaustive.ts';
import { onScriptedClock, ScriptedClock } from './support/scripted-clock.ts';

/** An approximate server time. */
const epochMs = 1_790_000_000_000;

/** The limits of a file, found or named. */
const someLimits = fc
  .tuple(
    fc.constantFrom({}, { from: '/a.json' }, { from: '/b.json', found: 'b' }, { from: '/c.json', found: 'c' }),
    fc.uniqueArray(
      fc.record<SubmissionLimit>({
        label: fc.constantFrom(null, 'nightly'),
        count: fc.integer({ min: 1, max: 6 }),
        windowMs: fc.constantFrom(1_000, 60_000, 3_600_000),
      }),
      { maxLength: 4, selector: ({ label, windowMs }) => `${label} ${windowMs}` },
    ),
  )
  .map(([source, limits]) => limits.map((limit) => ({ ...limit, ...source })));
const someStep = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.nat(2_000), fc.nat(200_000)),
  label: fc.constantFrom(null, 'nightly', 'other'),
  what: fc.constantFrom('count', 'count', 'count', 'give-back', 'hold', 'release', 'replace'),
  limits: someLimits,
});

describe.skipIf(!hasRedis)('the hold and the limits in Redis', () => {
  let server: RedisServer;
  let time: ScriptedClock;
  let remote: RedisSubmissions;
  beforeAll(async () => {
    server = await RedisServer.start({ durable: false });
    time = new ScriptedClock(server.url());
    const place = { url: server.url(), baseUrl: 'https://example.com', accountId: 'a' };
    remote = new RedisSubmissions({ ...place, script: onScriptedClock(submissionScript) }, { clock });
  });
  afterAll(async () => {
    remote.close();
    time.close();
    await server.stop();
  });

  it('are those of the host, after any requests', async () => {
    const property = fc.asyncProperty(fc.array(someStep, { minLength: 1, maxLength: 30 }), async (steps) => {
      await time.forget();
      const rules = new SubmissionRules();
      let nowMs = epochMs;
      for (const { afterMs, label, what, limits } of steps) {
        const who = submitterOf({ limits, label });
        nowMs += afterMs;
        await time.set(nowMs);
        if (what === 'count' || what === 'give-back') {
          rules.apply({ type: 'limits', since: 2, limits }, nowMs);
          const own = rules.apply({ type: 'submit', since: 2, ...who, task: 't' }, nowMs);
          const theirs = await remote.count(limits, who);
          expect(theirs.counted).toEqual(own?.counted);
          if (theirs.counted && what === 'give-back') {
            rules.apply({ type: 'unsubmit', since: 2, ...who, atMs: nowMs }, nowMs);
            await remote.giveBack(who, theirs.atMs ?? 0);
          }
        } else if (what === 'hold') {
          const hold = { by: 'ada', why: '', forMs: 1_500 };
          rules.apply({ type: 'hold', since: 2, ...hold }, nowMs);
          await remote.hold(hold);
        } else if (what === 'release') {
          const wasHeld = rules.holdAt(nowMs) !== null;
          rules.apply({ type: 'release', since: 2, by: 'ada' }, nowMs);
          expect(await remote.release()).toBe(wasHeld);
        } else {
          rules.replace(limits);
          await remote.replaceLimits(limits);
        }
        expect(await remote.look()).toEqual({ hold: rules.holdAt(nowMs), limits: rules.uses(nowMs) });
      }
    });
    await fc.assert(property, { numRuns: runs(20) });
  });

  it('do not count again what a clock that was set back would', async () => {
    await time.forget();
    await time.set(epochMs);
    const limits = [{ label: null, count: 1, windowMs: 60_000 }];
    expect((await remote.count(limits, { label: null })).counted).toBe(true);
    await time.set(epochMs - 3_600_000);
    expect((await remote.count(limits, { label: null })).counted).toBe(false);
    await time.set(epochMs - 3_600_000 + 61_000);
    expect((await remote.count(limits, { label: null })).counted).toBe(true);
  });

  it('count a ticket once, unless submissions are on hold', async () => {
    await time.forget();
    await time.set(epochMs);
    const limits = [{ label: null, count: 2, windowMs: 60_000 }];
    const count = async (ticket: string) => (await remote.count(limits, { label: null }, ticket)).counted;
    expect([await count('a'), await count('a'), await count('b'), await count('c')]).toEqual([true, true, true, false]);
    expect((await remote.look()).limits).toMatchObject([{ used: 2 }]);
    await remote.hold({ by: 'ada', why: '', forMs: null });
    expect(await count('a')).toBe(false);
    await remote.release();
    expect([await count('a'), await count('c')]).toEqual([true, false]);
  });

  it('keep a hold without an end', async () => {
    await time.forget();
    await time.set(epochMs);
    await remote.hold({ by: 'ada on web-1', why: 'deploy', forMs: null });
    await time.set(epochMs + 40 * 86_400_000);
    expect(await remote.count([], { label: null })).toMatchObject({ counted: false, refusal: { reason: 'held' } });
    expect((await remote.look()).hold).toMatchObject({ by: 'ada on web-1', why: 'deploy', leftMs: null });
    expect([await remote.release(), await remote.release()]).toEqual([true, false]);
  });
});
