import { describe, expect, it } from 'vitest';
import type { BudgetEvent, SharedState } from '../../../src/cli/shared-state.ts';
import { log, run } from '../../../src/commands/budget/command.ts';
import { ResilienceState } from '../../../src/core/resilience/resilience-state.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';
import { expositionProblems } from '../../support/exposition-problems.ts';
import { usualBreaker, usualBudget } from '../../support/solver-harness.ts';

const options = { budget: usualBudget, breaker: { ...usualBreaker, consecutiveFailures: 1 } };

/** A shared state in memory, with one granted retry and the breaker open since 1 s. */
function someState(): SharedState & { readonly events: BudgetEvent[]; resets: number } {
  const state = new ResilienceState(options, 0);
  const events: BudgetEvent[] = [];
  const entries = [
    { type: 'withdraw', maxWaitMs: 0, task: 'row-7', fault: 'HTTP 503' },
    { type: 'verdict', pass: { epoch: 0, probe: false }, verdict: 'failure', jitter: 0, count: 1 },
    { type: 'tally', accepted: 2, budgetRefused: 1, breakerRefused: 3, task: 'row-8' },
  ] as const;
  for (const entry of entries) {
    const answer = state.apply({ entry, atMs: 1_000, by: '42.1.1' });
    events.push({
      at: Date.UTC(2026, 0, 2),
      pid: '42',
      writer: { command: 'batch', label: 'nightly' },
      entry,
      answer,
      balance: state.budget.balance(1_000),
    });
  }
  return {
    ...{ service: 'https://example.com', account: '5a1f3c', place: '/state/budget/a' },
    look: () => ({ state, nowMs: 2_000 }),
    history: () => events,
    reset() {
      this.resets += 1;
    },
    hold: () => ({ untold: null }),
    release: () => ({ untold: null, wasHeld: false }),
    events,
    resets: 0,
  };
}

const stageWith = (parts: StageParts = {}) => aStage({ sharedState: someState(), ...parts });

describe('captcha budget', () => {
  it('shows tokens, counts and the breaker', async () => {
    const stage = stageWith();
    expect(await run({}, stage.context)).toBe(0);
    const text = stage.stdout.text;
    expect(text).toMatch(/tokens\s+9\.\d of 10/);
    expect(text).toMatch(/retries granted\s+1\n/);
    expect(text).toMatch(/breaker\s+open, next probe in 4s/);
    expect(text).toMatch(/shared by\s+processes of this host \(\/state\/budget\/a\)/);
  });

  it('prints the same as JSON', async () => {
    const stage = stageWith({ globals: { json: true } });
    await run({}, stage.context);
    expect(JSON.parse(stage.stdout.text)).toMatchObject({
      schemaVersion: 1,
      scope: 'host',
      budget: { burst: 10, accepted: 2, granted: 1, refused: 1, nextTokenInMs: 0 },
      breaker: { state: 'open', retryInMs: 4_000, refused: 3, awaited: [] },
      quietMs: 0,
    });
  });

  it('shows the budget of a fleet, and the owner of the breaker', async () => {
    const facts = {
      ...{ options: { ...usualBudget, burst: 30 }, balance: 12.5, nextTokenInMs: 0, leased: 3, quietMs: 0 },
      ...{ accepted: 70, granted: 9, refused: 4 },
    };
    const host = someState();
    const sharedState: SharedState = {
      ...host,
      fleetPlace: 'redis://:***@redis:6379/0',
      look: async () => ({ ...(await host.look()), fleet: { facts, rules: { hold: null, limits: [] } } }),
    };
    const stage = stageWith({ sharedState });
    await run({}, stage.context);
    const text = stage.stdout.text;
    expect(text).toMatch(/tokens\s+12\.5 of 30/);
    expect(text).toMatch(/breaker of this host\s+open/);
    expect(text).toMatch(/on lease\s+3, 0 of them here/);
    expect(text).toMatch(/shared by\s+all hosts at redis:\/\/:\*\*\*@redis:6379\/0/);
    expect(text).not.toMatch(/degraded/);
  });

  it('shows the share of the host if the fleet is unreachable, with the reason', async () => {
    const host = someState();
    const look = async () => ({ ...(await host.look()), fleet: { unavailable: 'nobody is there' } });
    const sharedState = { ...host, fleetPlace: 'redis://redis:6379/0', look };
    const stage = stageWith({ sharedState, globals: { json: true } });
    await run({}, stage.context);
    expect(JSON.parse(stage.stdout.text)).toMatchObject({
      scope: 'redis',
      place: 'redis://redis:6379/0',
      fleet: { degraded: true, reason: 'nobody is there', leased: null, leasedHere: 0 },
      budget: { burst: 10, granted: 1 },
    });
  });

  it('prints metrics after the conventions of Prometheus', async () => {
    const stage = stageWith();
    expect(await run({ prometheus: true }, stage.context)).toBe(0);
    const text = stage.stdout.text;
    expect(expositionProblems(text)).toEqual([]);
    expect(text).toContain('captcha_budget_accepted_total{scope="host"} 2\n');
    expect(text).toContain('captcha_budget_refused_total{scope="host",reason="breaker"} 3\n');
    expect(text).toContain('captcha_breaker_state{scope="host",state="open"} 1\n');
    expect(text).toContain('captcha_breaker_retry_seconds{scope="host"} 4\n');
  });

  it.each([{ watch: true }, { reset: true }, { solveTimes: true }] as const)(
    'prints no metrics with %j',
    async (flags) => {
      const running = run({ prometheus: true, ...flags }, stageWith().context);
      await expect(running).rejects.toThrow(/--prometheus cannot be used with --/);
    },
  );

  it('resets on request', async () => {
    const sharedState = someState();
    await run({ reset: true }, stageWith({ sharedState }).context);
    expect(sharedState.resets).toBe(1);
  });

  it('reports that nothing is shared if every process has its own', async () => {
    const stage = aStage({ globals: { json: true } });
    expect(await run({}, stage.context)).toBe(0);
    expect(JSON.parse(stage.stdout.text)).toMatchObject({ scope: 'process', budget: null });
  });

  it('shows no budget if processes cannot share one, with the reason', async () => {
    const alone = '/state/budget/a: EROFS: read-only file system';
    const sharedState = { ...someState(), alone };
    const stage = stageWith({ sharedState });
    expect(await run({ reset: true }, stage.context)).toBe(0);
    expect(stage.stdout.text).toBe('');
    expect(stage.stderr.text).toBe(
      `${alone}: every process has its own budget and breaker, so there is nothing shared to show\n`,
    );
    expect(sharedState.resets).toBe(0);
    const asJson = stageWith({ sharedState, globals: { json: true } });
    await run({}, asJson.context);
    expect(JSON.parse(asJson.stdout.text)).toMatchObject({
      scope: 'process',
      place: null,
      reason: alone,
      budget: null,
    });
  });

  it('shows the budget of a fleet on a host where processes share nothing, with a message', async () => {
    const host = someState();
    const look = async () => ({ ...(await host.look()), fleet: { unavailable: 'nobody is there' } });
    const stage = stageWith({ sharedState: { ...host, fleetPlace: 'redis://redis:6379/0', alone: 'disk gone', look } });
    await run({}, stage.context);
    expect(stage.stdout.text).toMatch(/tokens\s+9\.\d of 10/);
    expect(stage.stderr.text).toMatch(/^warning: disk gone; only the fleet's budget is shared/);
  });

  it.each(['0s', 'soon', '10ms'])('refuses the interval %s', async (watch) => {
    await expect(run({ watch }, stageWith().context)).rejects.toThrow(`--watch ${watch}`);
  });

  it('watches until a signal, with a line per change if nothing can be redrawn', async () => {
    const stage = stageWith();
    const watching = run({ watch: '1s' }, stage.context);
    await stage.clock.advance(3_500);
    stage.signals.send('SIGTERM');
    await stage.clock.advance(0);
    expect(await watching).toBe(0);
    expect(stage.stdout.text.trim().split('\n')).toHaveLength(1);
    expect(stage.context.interrupt.drained).toBe(true);
  });
});

describe('the hold and the limits in captcha budget', () => {
  const limit = { label: 'nightly', count: 200, windowMs: 3_600_000 };

  async function withRules(parts: StageParts = {}) {
    const sharedState = someState();
    const { state } = await sharedState.look();
    const entries = [
      { type: 'limits', since: 2, limits: [limit] },
      { type: 'submit', since: 2, label: 'nightly', task: 'row-1' },
      { type: 'hold', since: 2, by: 'ada on web-1', why: 'deploy of the login page', forMs: 60_000 },
    ] as const;
    for (const entry of entries) state.apply({ entry, atMs: 2_000, by: '43.1.1' });
    return stageWith({ sharedState, ...parts });
  }

  it('name service and account, who holds, and what is left', async () => {
    const stage = await withRules();
    await run({}, stage.context);
    const text = stage.stdout.text;
    expect(text).toMatch(/service +https:\/\/example\.com\n/);
    expect(text).toMatch(/account +5a1f3c \(a hash of the key\)\n/);
    expect(text).toMatch(/hold +held by ada on web-1 for 0 s: deploy of the login page, 1m 00s left\n/);
    expect(text).toMatch(/limit +199 left of 200 submissions per hour with the label nightly\n/);
  });

  it('are part of the JSON', async () => {
    const stage = await withRules({ globals: { json: true } });
    await run({}, stage.context);
    expect(JSON.parse(stage.stdout.text)).toMatchObject({
      hold: { by: 'ada on web-1', why: 'deploy of the login page', heldMs: 0, leftMs: 60_000 },
      limits: [{ ...limit, used: 1, left: 199, roomInMs: 0 }],
    });
  });

  it.each([60, 80])('are whole on a screen of %i columns', async (columns) => {
    const stage = await withRules({ stdout: { isTTY: true, columns } });
    await run({}, stage.context);
    const lines = stage.stdout.text.trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(stage.stdout.text).not.toContain('…');
    expect(stage.stdout.text.replace(/[│\s]+/g, ' ')).toContain(
      '199 left of 200 submissions per hour with the label nightly',
    );
  });
});

describe('captcha budget log', () => {
  it.each([60, 80])('fits a screen of %i columns and says who and what', async (columns) => {
    const stage = stageWith({ stdout: { isTTY: true, columns } });
    await log({}, stage.context);
    const lines = stage.stdout.text.trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    const words = stage.stdout.text.replace(/\s+/g, ' ');
    expect(words).toContain('batch 42 nightly: retry granted (after HTTP 503); 9.0 tokens; task row-7');
  });

  it('shows the spending tasks and the reasons of refusals', async () => {
    const stage = stageWith();
    expect(await log({}, stage.context)).toBe(0);
    const lines = stage.stdout.text.trim().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(
      /^2026-01-02T00:00:00\.000Z +batch +42 +nightly +retry +granted \(after HTTP 503\) +9\.0 +row-7$/,
    );
    expect(lines[3]).toMatch(/2 submissions accepted, 1 retry refused: no token, 3 submissions refused: breaker open/);
  });

  it('prints only the last entries on request, and as JSON', async () => {
    const stage = stageWith({ globals: { json: true } });
    await log({ last: '1' }, stage.context);
    const { entries } = JSON.parse(stage.stdout.text) as { entries: unknown[] };
    expect(entries).toEqual([expect.objectContaining({ pid: '42', what: 'counts', task: 'row-8' })]);
  });

  it('still prints the log if it can no longer be extended, with a message', async () => {
    const stage = stageWith({ sharedState: { ...someState(), alone: 'disk gone' } });
    await log({}, stage.context);
    expect(stage.stdout.text.trim().split('\n')).toHaveLength(4);
    expect(stage.stderr.text).toBe('warning: disk gone; new events are not logged\n');
  });

  it.each(['0', '-1', 'x'])('refuses %s entries', async (last) => {
    await expect(log({ last }, stageWith().context)).rejects.toThrow(`--last ${last}`);
  });
});
