import { describe, expect, it } from 'vitest';
import type { Context } from '../../../src/cli/context.ts';
import { type HealthFlags, run } from '../../../src/commands/health/command.ts';
import { QueueUnavailableError } from '../../../src/domain/errors.ts';
import type { ProbeResult } from '../../../src/ports/api.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';
import { refusalOf } from '../../cli/support/refusal.ts';
import { runIn } from '../../cli/support/run-in.ts';
import { expositionProblems } from '../../support/exposition-problems.ts';
import { answered, reachable, refused } from '../../core/resilience/support/probes.ts';

const regions = ['us-east-1', 'eu-west-1'].map((name) => ({ name, health: `http://127.0.0.1/${name}` }));

/** A stage with answers of regions defined by the test. */
function stageWith(answer: (url: string) => ProbeResult, parts: StageParts = {}) {
  const probe = { probeRegion: async (url: string) => answer(url), probeApi: async () => reachable };
  return aStage({ config: { regions }, regionProbe: probe, ...parts });
}

async function ran(answer: (url: string) => ProbeResult, flags: HealthFlags = {}, parts: StageParts = {}) {
  const stage = stageWith(answer, parts);
  const code = await run(flags, stage.context);
  return { ...stage, code, out: stage.stdout.text, err: stage.stderr.text };
}

const down = refused('HTTP 503');
const isEurope = (url: string): boolean => url.endsWith('eu-west-1');

describe('captcha health', () => {
  it.each<[string, (url: string) => ProbeResult, number]>([
    ['all serve', () => answered(), 0],
    ['all serve, degraded or idle', (url) => answered(isEurope(url) ? { status: 'idle' } : { status: 'degraded' }), 0],
    ['one does not', (url) => (isEurope(url) ? down : answered()), 1],
    ['none does', () => down, 4],
  ])('exits with a code if %s', async (_name, answer, code) => {
    expect(await ran(answer)).toMatchObject({ code });
  });

  it('reports the queues as metrics, also of a region without workers', async () => {
    const depth = { waiting: 5, inFlight: 0, oldestAgeMs: 61_000, dead: 1 };
    const tasks = async (name: string) => ({
      depth: async () => (name === 'us-east-1' ? depth : Promise.reject(new QueueUnavailableError('gone', 'gone'))),
    });
    const config = { regions: regions.map((region) => ({ ...region, queue: 'redis://127.0.0.1:9/0' })) };
    const { out } = await ran(() => down, { prometheus: true }, { config, queues: { tasks } as never });
    expect(expositionProblems(out)).toEqual([]);
    for (const line of [
      'captcha_queue_waiting{region="us-east-1"} 5',
      'captcha_queue_in_flight{region="us-east-1"} 0',
      'captcha_queue_oldest_age_seconds{region="us-east-1"} 61',
      'captcha_queue_reachable{region="us-east-1"} 1',
      'captcha_queue_reachable{region="eu-west-1"} 0',
    ])
      expect(out.split('\n')).toContain(line);
    expect(out).not.toContain('captcha_queue_waiting{region="eu-west-1"}');
  });

  it('does not count regions without an endpoint', async () => {
    const config = { regions: [...regions, { name: 'x' }] };
    const some = await ran(() => answered(), {}, { config });
    expect(some.code).toBe(0);
    expect(some.out).toMatch(/^x +unknown .*has no health endpoint$/m);
    expect((await ran(() => down, {}, { config })).code).toBe(4);
  });

  it.each([
    ['no regions are configured', {}],
    ['no region has a health endpoint', { regions: [{ name: 'x' }] }],
  ])('tells what to do if %s', async (problem, config) => {
    const { context } = stageWith(() => answered(), { config });
    const refusal = await refusalOf(() => run({}, context));
    expect(refusal).toMatch(new RegExp(`^${problem} \\| [^]*"health": "https://`));
    // What can be copied stands alone on a line that a screen of 80 columns does not break.
    for (const line of refusal.split('\n').slice(1)) expect(line.length).toBeLessThanOrEqual(80);
    expect(refusal).toMatch(/^ +\{"name": "us-east-1", .*\}$/m);
  });

  it('prints one document with --json', async () => {
    const { out, err } = await ran((url) => (isEurope(url) ? down : answered()), {}, { globals: { json: true } });
    expect(JSON.parse(out)).toMatchObject({
      schemaVersion: 1,
      regions: [
        { region: 'us-east-1', status: 'healthy' },
        { region: 'eu-west-1', status: 'unhealthy' },
      ],
      failover: [{ from: 'eu-west-1', to: [{ region: 'us-east-1', share: 1 }], held: false }],
      api: { reachable: true, latencyMs: 45, error: null },
    });
    expect(err).toBe('');
  });

  it('passes flags to the configuration', async () => {
    const { records } = await ran(() => answered(), { timeout: '2s' });
    expect(records.configs).toEqual([[{ path: 'health.timeout', value: '2s', from: '--timeout' }]]);
  });

  it.each([
    [{ prometheus: true, watch: true } as const, {}, /--prometheus cannot be used with --watch/],
    [{ onChange: 'true' }, {}, /--on-change needs --watch/],
    [{ prometheus: true } as const, { globals: { json: true } }, /--prometheus cannot be used with --json/],
  ])('refuses %j with %j', async (flags, parts, said) => {
    const { context } = stageWith(() => answered(), parts);
    expect(await refusalOf(() => run(flags, context))).toMatch(said);
  });

  it('has help with examples, and explains the exit codes', async () => {
    const { exitCode, out } = await runIn(['health', '--help']);
    expect(exitCode).toBe(0);
    expect(out).toContain('$ captcha health --watch 10s');
    expect(out).toContain('  4  no region is serving');
  });
});

describe('captcha health --watch', () => {
  /** Europe is down in the second and third minute; a SIGTERM comes after six. */
  async function watched(parts: StageParts = {}, flags: HealthFlags = { watch: true }) {
    const stage = stageWith((url) => {
      const minute = (stage.clock.timestamp() - startedAt) / 60_000;
      return isEurope(url) && minute > 0.5 && minute < 2.5 ? down : answered();
    }, parts);
    const startedAt = stage.clock.timestamp();
    const running = run(flags, stage.context);
    await stage.clock.advance(360_000);
    stage.signals.send('SIGTERM');
    return { ...stage, code: await running };
  }

  it('logs the tables once and every change after them, and ends with 0 on a signal', async () => {
    const { code, stdout, context } = await watched();
    expect(code).toBe(0);
    expect(context.interrupt.drained).toBe(true);
    const lines = stdout.text.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('region'))).toHaveLength(1);
    const said = lines.map((line) => line.replace(/^2026-01-02T00:0\d:\d\d\.\d{3}Z /, ''));
    expect(said.filter((line) => line.startsWith('eu-west-1') && /->|is back/.test(line))).toEqual([
      'eu-west-1: healthy -> degraded (HTTP 503, 1 of 3)',
      'eu-west-1: degraded -> unhealthy (HTTP 503); its tasks go to us-east-1 100 %',
      'eu-west-1 is back: healthy; its own tasks return to it',
    ]);
  });

  it('runs the command of --on-change once per change of a status, one after the other', async () => {
    let running = 0;
    const runs: { env: Readonly<Record<string, string>>; document: object }[] = [];
    const runHook: Context['runHook'] = async (command, { input, env, timeoutMs }) => {
      expect([command, timeoutMs, (running += 1)]).toEqual(['notify', 30_000, 1]);
      await Promise.resolve();
      runs.push({ env, document: JSON.parse(input) as object });
      running -= 1;
      return runs.length === 2 ? 'exit code 7' : null;
    };
    const { code, stderr } = await watched({ runHook }, { watch: true, onChange: 'notify' });
    expect(code).toBe(0);
    expect(runs.map(({ env }) => Object.values(env))).toEqual([
      ['eu-west-1', 'degraded', 'healthy'],
      ['eu-west-1', 'unhealthy', 'degraded'],
      ['eu-west-1', 'healthy', 'unhealthy'],
    ]);
    expect(Object.keys(runs[0]?.env ?? {})).toEqual(['CAPTCHA_REGION', 'CAPTCHA_STATUS', 'CAPTCHA_WAS']);
    expect(runs[1]?.document).toMatchObject({
      ...{ schemaVersion: 1, region: 'eu-west-1', status: 'unhealthy', was: 'degraded', error: 'HTTP 503' },
      failover: { from: 'eu-west-1', to: [{ region: 'us-east-1', share: 1 }] },
    });
    expect(stderr.text).toBe('--on-change failed for eu-west-1 (degraded -> unhealthy): exit code 7\n');
  });

  it('reports less and less often that nothing changed', async () => {
    const stage = stageWith(() => answered());
    const running = run({ watch: true }, stage.context);
    await stage.clock.advance(4 * 3_600_000);
    stage.signals.send('SIGTERM');
    await running;
    const signs = stage.stdout.text.split('\n').filter((line) => line.endsWith('Z 2 of 2 regions are serving'));
    expect(signs.length).toBeGreaterThan(5);
    expect(signs.length).toBeLessThan(12);
  });

  it('ends soon after the reader of its pipe has gone, even without changes', async () => {
    const stage = stageWith(() => answered(), { stdout: { writesBeforeError: 1 } });
    const running = expect(run({ watch: true }, stage.context)).rejects.toMatchObject({ code: 'EPIPE' });
    await stage.clock.advance(130_000);
    await running;
  });

  const far = [{ name: 'x', health: 'https://x.example/health' }];
  it.each([
    ['an endpoint', { api: { baseUrl: 'http://127.0.0.1:1' }, regions: far }],
    ['the API', { regions }],
  ])('refuses an interval below 1s if %s is not on this machine', async (_name, config) => {
    const { context } = stageWith(() => answered(), { config: { ...config, health: { interval: '200ms' } } });
    expect(await refusalOf(() => run({ watch: '200ms' }, context))).toMatch(/^--watch 200ms: must be at least 1s \| /);
    expect(await refusalOf(() => run({ watch: true }, context))).toMatch(/^--watch \(health\.interval\): must be/);
    expect(await run({}, context)).toBe(0);
  });

  it('accepts a shorter one if everything is on this machine', async () => {
    const config = { api: { baseUrl: 'http://127.0.0.1:1' }, regions, health: { interval: '200ms' } };
    const stage = stageWith(() => answered(), { config });
    const running = run({ watch: '200ms' }, stage.context);
    await stage.clock.advance(1_000);
    stage.signals.send('SIGTERM');
    expect(await running).toBe(0);
  });

  it('prints a document per round with --json, and changes on stderr', async () => {
    const { stdout, stderr } = await watched({ globals: { json: true } });
    const documents = stdout.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { schemaVersion: number });
    expect(documents.length).toBeGreaterThan(5);
    expect(documents.every(({ schemaVersion }) => schemaVersion === 1)).toBe(true);
    expect(stderr.text).toContain('eu-west-1 is back');
  });

  it('redraws a single screen on a terminal', async () => {
    const { stdout } = await watched({ stdout: { isTTY: true, columns: 80 } });
    const frames = stdout.text.split('\u001b[H').slice(1);
    expect(frames.length).toBeGreaterThan(5);
    expect(frames.every((frame) => frame.endsWith('\u001b[J') || frame.endsWith('\u001b[J\n'))).toBe(true);
    expect(frames.at(-1)).toContain('eu-west-1 is back');
  });
});
