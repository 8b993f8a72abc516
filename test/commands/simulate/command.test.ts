import { describe, expect, it } from 'vitest';
import type { SharedState } from '../../../src/cli/shared-state.ts';
import { run } from '../../../src/commands/simulate/command.ts';
import type { SimulateFlags } from '../../../src/commands/simulate/request.ts';
import type { Simulation } from '../../../src/commands/simulate/simulation.ts';
import { createSimulation } from '../../../src/container/simulation.ts';
import { UsageError } from '../../../src/domain/errors.ts';
import { explainNever } from '../../../src/commands/simulate/view.ts';
import type { Config } from '../../../src/config/schema.ts';
import type { Comparison } from '../../../src/core/simulation/compare-strategies.ts';
import { displayWidth } from '../../../src/cli/display-width.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';
import { refusalOf } from '../../cli/support/refusal.ts';
import { runIn } from '../../cli/support/run-in.ts';

const small = { clients: '10', rate: '2/s', outage: '20s-30s', duration: '60s', strategy: ['full-jitter'] };

function stageWith(parts: StageParts = {}) {
  const reports: [path: string, text: string][] = [];
  const simulation: Simulation = {
    ...createSimulation(),
    writeReport: async (path, text) => void reports.push([path, text]),
  };
  return { ...aStage({ simulation, ...parts }), reports };
}

async function ran(flags: SimulateFlags, parts: StageParts = {}) {
  const stage = stageWith(parts);
  const code = await run(flags, stage.context);
  return { ...stage, code, out: stage.stdout.text, err: stage.stderr.text };
}

/** A log with `accepted` submissions recorded at each of these times. */
function sharedLog(moments: readonly number[], accepted: number): SharedState {
  const entry = { type: 'tally', accepted, budgetRefused: 0, breakerRefused: 0, task: '' } as const;
  return {
    ...{ service: 'https://example.com', account: '5a1f3c', place: '/state/budget/a' },
    look: () => Promise.reject(new Error('not asked for')),
    history: () => moments.map((at) => ({ at, pid: '42', entry, answer: null, balance: 10 })),
    reset: () => undefined,
    hold: () => ({ untold: null }),
    release: () => ({ untold: null, wasHeld: false }),
  };
}

interface Document {
  readonly rows: readonly { readonly budget: boolean; readonly breaker: boolean; readonly load: readonly number[] }[];
}

describe('captcha simulate', () => {
  it('prints the scenario, a row for each run and the load over time', async () => {
    const { code, out } = await ran(small);
    expect(code).toBe(0);
    expect(out).toMatch(/^10 clients, 2 submissions\/s as usual, outage from 20s to 30s, 1m 00s in all, seed 1\n/);
    expect(out.match(/^full-jitter /gm)).toHaveLength(4);
    expect(out).toContain('submissions/s, full-jitter, no protection');
    expect(out).toContain('submissions/s, full-jitter, budget + breaker');
  });

  it('prints the same bytes for the same seed', async () => {
    expect((await ran(small)).out).toBe((await ran(small)).out);
    expect((await ran({ ...small, seed: '2' })).out).not.toBe((await ran(small)).out);
  });

  it.each<[SimulateFlags, (readonly [budget: boolean, breaker: boolean])[]]>([
    [
      { budget: 'none' },
      [
        [false, false],
        [false, true],
      ],
    ],
    [
      { budget: '10/s' },
      [
        [true, false],
        [true, true],
      ],
    ],
    [
      { breaker: 'on' },
      [
        [false, true],
        [true, true],
      ],
    ],
    [{ budget: 'none', breaker: 'off' }, [[false, false]]],
  ])('with %j it runs %j', async (flags, runs) => {
    const { out, records } = await ran({ ...small, ...flags }, { globals: { json: true } });
    const { rows } = JSON.parse(out) as Document;
    expect(rows.map(({ budget, breaker }) => [budget, breaker])).toEqual(runs);
    expect(rows.every(({ load }) => load.length === 60)).toBe(true);
    expect(records.configs[0]!.map(({ from }) => from)).toEqual(
      flags.budget === '10/s' ? Array(3).fill('--budget') : [],
    );
  });

  it('says what the polling costs without an outage, next to a plain loop', async () => {
    const { clients, outage, duration, strategy } = small;
    const { out } = await ran({ clients, outage, duration, strategy, solveTime: '4s-8s' });
    expect(out).toContain('without an outage: 400 tasks on 10 threads, solve times 4s to 8s');
    expect(out).toMatch(/^your settings +[\d.]+(ms|s) +[\d.]+(ms|s) +[\d.]+ +\d+ %$/m);
    expect(out).toMatch(/^every 5s +/m);
  });

  it('explains a recovery that never comes with a budget alone, and ends with a verdict', async () => {
    const { out } = await ran({ ...small, clients: '40', rate: '4/s' });
    expect(out).toMatch(/^recovery never, with a budget alone: .*budget\.minRetriesPerSecond \(0\.2\/s\)/m);
    expect(out.trimEnd().split('\n').at(-1)).toMatch(
      /^verdict: full-jitter with .+ solves [\d.]+ % of the tasks .+; full-jitter with .+\.$/,
    );
  });

  it.each([
    [false, false, /^recovery never, with no protection: the retries alone/],
    [true, false, /^recovery never, with a budget alone: .*\(0\.5\/s\).* ends 1m 00s after the outage/],
    [true, true, /^recovery never, with the breaker: .* ended, 1m 00s after the outage/],
  ])('explains a recovery that never comes, with budget %s and breaker %s', (budget, breaker, text) => {
    const scenario = { durationMs: 90_000, outage: { fromMs: 0, toMs: 30_000 } };
    const row = { recoveryMs: null, budget, breaker };
    const comparison = { scenario, rows: [row, { ...row }, { ...row, recoveryMs: 1 }] } as unknown as Comparison;
    const config = { budget: { minRetriesPerSecond: 0.5 } } as unknown as Config;
    expect(explainNever(comparison, config)).toEqual([expect.stringMatching(text)]);
  });

  it('keeps recovery, solved and wasted on a screen of 80 columns', async () => {
    const { out } = await ran(
      { ...small, strategy: ['decorrelated-jitter'] },
      { stdout: { isTTY: true, columns: 80 } },
    );
    const lines = out.split('\n');
    expect(Math.max(...lines.map((line) => displayWidth(line)))).toBeLessThanOrEqual(80);
    expect(lines.find((line) => line.includes('strategy'))).toMatch(/protection.*recovery.*solved.*wasted/);
    expect(lines.find((line) => line.includes('decorrelated-jitter'))).not.toContain('…');
  });

  it('assumes a rate for advice if there is no key', async () => {
    const { context, stdout, stderr } = stageWith();
    const sharedState = () => Promise.reject(new UsageError('no API key is set', 'set it'));
    await run({ advise: true, outage: '20s', duration: '2m' }, { ...context, sharedState });
    expect(stderr.text).toContain('(no API key is set): assuming --rate 3.33/s');
    expect(stdout.text).toContain('3.33 submissions/s as usual');
  });

  it('writes a self-contained page with every curve', async () => {
    const { reports, err } = await ran({ ...small, html: 'storm.html' });
    const [[path, html] = ['', '']] = reports;
    expect(path).toBe('storm.html');
    expect(err).toBe('report: storm.html\n');
    expect(html.match(/<polyline /g)).toHaveLength(4);
    expect(html).toContain('prefers-color-scheme: dark');
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|<link|@import|url\(|src=/);
  });

  it('sizes the budget for a rate, and simulates it', async () => {
    const { out } = await ran({ advise: true, rate: '4/s', outage: '20s', duration: '2m' });
    expect(out).toContain('budget.maxRetriesPerSecond = 1\n');
    expect(out).toMatch(/^in the config file: \{"budget":\{"ratio":0.1,/m);
    expect(out).toMatch(/^none +- /m);
    expect(out).toMatch(/^present +budget \+ breaker /m);
    expect(out).toMatch(/^advised +budget \+ breaker /m);
  });

  it('sizes the budget for the submissions of this host, while it had work', async () => {
    const stage = stageWith({ sharedState: sharedLog([0, 30_000, 60_000, 86_400_000], 90) });
    await run({ advise: true, outage: '20s', duration: '2m' }, stage.context);
    expect(stage.stderr.text).toBe('measured on this host: 360 accepted submissions in 3m 00s of work, 2/s\n');
    expect(stage.stdout.text).toContain('30 clients, 2 submissions/s as usual');
  });

  it('prints the observed rate in JSON, per minute even if that was seconds', async () => {
    const stage = stageWith({ sharedState: sharedLog([0, 5_000], 120), globals: { json: true } });
    await run({ advise: true, outage: '20s', duration: '2m' }, stage.context);
    const observed = { acceptedPerSecond: 4, accepted: 240, overMs: 60_000 };
    expect(JSON.parse(stage.stdout.text)).toMatchObject({ observed, scenario: { ratePerSecond: 4 } });
  });

  it('reports that too little was submitted to know a rate', async () => {
    const { context } = stageWith({ sharedState: sharedLog([0], 9) });
    expect(await refusalOf(() => run({ advise: true }, context))).toMatch(/submitted too little .*--rate 20\/s/);
  });

  it.each<[SimulateFlags, RegExp]>([
    [{ advise: true }, /^--advise needs a rate: .*--rate 20\/s/],
    [{ advise: true, rate: '4/s', html: 'x' }, /^--advise can only be combined with/],
    [{ budget: '10' }, /^--budget 10: not a rate/],
  ])('refuses %j', async (flags, message) => {
    expect(await refusalOf(() => run(flags, stageWith().context))).toMatch(message);
  });

  it('has help with examples', async () => {
    const { out } = await runIn(['simulate', '--help']);
    expect(out).toContain('$ captcha simulate --advise --rate 20/s');
    expect(out).toContain('comparison only');
  });
});
