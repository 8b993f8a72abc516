import { describe, expect, it } from 'vitest';
import { MemoryResultQueue } from '../../../src/adapters/queues/memory/memory-result-queue.ts';
import { MemoryTaskQueue } from '../../../src/adapters/queues/memory/memory-task-queue.ts';
import { MemoryTasks } from '../../../src/adapters/queues/memory/memory-tasks.ts';
import { VirtualClock } from '../../../src/adapters/virtual/virtual-clock.ts';
import type { Context } from '../../../src/cli/context.ts';
import { type FailoverFlags, run } from '../../../src/commands/failover/command.ts';
import type { ProbeResult, RegionProbe } from '../../../src/ports/api.ts';
import { aStage, type StageParts } from '../../cli/support/a-stage.ts';
import { refusalOf } from '../../cli/support/refusal.ts';
import { aQueuedTask } from '../../support/fleet-harness.ts';

const up = (activeWorkers: number, queueDepth: number): ProbeResult => ({
  answered: true,
  latencyMs: 12,
  answer: { status: 'healthy', activeWorkers, queueDepth },
});
const down: ProbeResult = { answered: false, latencyMs: null, error: 'connection refused' };
const draining: ProbeResult = {
  answered: true,
  latencyMs: 12,
  answer: { status: 'draining', activeWorkers: 5, queueDepth: 10 },
};

const endpoint = (name: string): string => `http://127.0.0.1/${name}`;

/** Runs the command over regions with these answers. */
async function asked(answers: Record<string, ProbeResult>, parts: StageParts = {}, flags: FailoverFlags = {}) {
  const regions = Object.keys(answers).map((name) => ({ name, health: endpoint(name) }));
  const timeouts: number[] = [];
  const probe: RegionProbe = {
    probeRegion: async (url, { timeoutMs }) => {
      timeouts.push(timeoutMs);
      return Object.entries(answers).find(([name]) => endpoint(name) === url)?.[1] ?? down;
    },
    probeApi: async () => ({ reachable: true, latencyMs: 30, error: null }),
  };
  const stage = aStage({ ...parts, config: { regions, ...parts.config } });
  const context: Context = { ...stage.context, regionProbe: async () => probe };
  const exitCode = await run(flags, context);
  return { exitCode, out: stage.stdout.text, err: stage.stderr.text, timeouts, records: stage.records };
}

describe('captcha failover', () => {
  it('reports in a sentence that there is nothing to do, and exits 0', async () => {
    const ran = await asked({ us: up(10, 0), eu: up(10, 300) });
    expect(ran).toMatchObject({ exitCode: 0, out: 'All 2 regions are serving: nothing to redirect.\n', err: '' });
  });

  it('prints what each redirect would move, with the reason on stderr, and exits 1', async () => {
    const ran = await asked({ us: draining, eu: up(30, 0), ap: up(10, 0) });
    expect(ran).toMatchObject({
      exitCode: 1,
      out: [
        'from  to  share  tasks  reason',
        'us    eu  75 %   8      by free capacity',
        'us    ap  25 %   2      by free capacity',
        '',
      ].join('\n'),
      err: 'us is unhealthy: reports status draining\nto move the waiting tasks:\n  captcha --apply\n',
    });
  });

  it('ends with the command that applies the plan, unless nothing can be moved', async () => {
    const config = { failover: { onAllDown: 'hold' } };
    expect((await asked({ us: down, eu: down }, { config })).err).not.toContain('--apply');
    const sandbox = await asked({ us: down, eu: up(1, 0) }, { globals: { sandbox: true } });
    expect(sandbox.err).toMatch(
      /simulates an outage of eu-west-1\n[^]*to move the waiting tasks:\n {2}captcha --apply\n$/,
    );
  });

  it('obeys failover.strategy', async () => {
    const config = { failover: { strategy: 'lowest-depth' } };
    const { out } = await asked({ us: down, eu: up(90, 4), ap: up(1, 3) }, { config });
    expect(out).toContain('us    ap  100 %  unknown  lowest queue depth\n');
  });

  it.each([
    ['hold', '(held)', 'no healthy region'],
    ['home', '(home)', 'no healthy region: tasks stay in their own region'],
  ])(
    'exits 4 with no region serving, and tasks are %s as failover.onAllDown says',
    async (onAllDown, where, reason) => {
      const ran = await asked({ us: down, eu: down }, { config: { failover: { onAllDown } } });
      expect(ran.exitCode).toBe(4);
      expect(ran.out).toContain(`eu    ${where}  -      unknown  ${reason}\n`);
    },
  );

  it('never leaves a residency group', async () => {
    const regions = [
      { name: 'eu', health: endpoint('eu'), residency: 'eu' },
      { name: 'us', health: endpoint('us') },
    ];
    const { out, exitCode } = await asked({ eu: down, us: up(5, 0) }, { config: { regions } });
    expect(out).toContain('no healthy region in residency eu');
    expect(exitCode).toBe(1);
  });

  it('prints one JSON document', async () => {
    const { out } = await asked({ us: draining, eu: up(30, 0) }, { globals: { json: true } });
    expect(JSON.parse(out)).toEqual({
      schemaVersion: 1,
      regions: [
        { region: 'us', status: 'unhealthy', queueDepth: 10, error: 'reports status draining' },
        { region: 'eu', status: 'healthy', queueDepth: 0, error: null },
      ],
      failover: [
        {
          from: 'us',
          backlog: 10,
          to: [{ region: 'eu', share: 1, tasks: 10 }],
          held: false,
          reason: 'the only healthy region',
        },
      ],
    });
  });

  it('does not move tasks of a region without an endpoint, does not call it healthy, and does not count it', async () => {
    const regions = [{ name: 'us' }, { name: 'eu', health: endpoint('eu') }];
    const ran = await asked({ eu: up(5, 0) }, { config: { regions } });
    expect(ran).toMatchObject({
      exitCode: 0,
      out: 'Nothing to redirect. Unknown health, tasks not moved: us.\n',
      err: 'us is unknown: has no health endpoint\n',
    });
  });

  it('waits for health.timeout, which --timeout overrides', async () => {
    expect((await asked({ us: up(1, 0) }, { config: { health: { timeout: '3s' } } })).timeouts).toEqual([3_000]);
    const { records } = await asked({ us: up(1, 0) }, {}, { timeout: '2s' });
    expect(records.configs).toEqual([[{ path: 'health.timeout', value: '2s', from: '--timeout' }]]);
  });

  it.each([
    ['no regions are configured', []],
    ['no region has a health endpoint', [{ name: 'us' }]],
  ])('is refused if %s', async (refusal, regions) => {
    expect(await refusalOf(() => asked({}, { config: { regions } }))).toContain(refusal);
  });
});

const tasksOf = (region: string, count: number) =>
  Array.from({ length: count }, (_, index) => aQueuedTask(index + 1, { homeRegion: region }));

/** Runs the command over regions with queues, in virtual time. */
async function moved(
  answers: Record<string, ProbeResult>,
  flags: FailoverFlags,
  waiting: Record<string, number>,
  config: object = {},
) {
  const clock = new VirtualClock();
  const tasks = new Map(Object.keys(answers).map((name) => [name, new MemoryTasks({ clock })]));
  for (const [name, count] of Object.entries(waiting)) tasks.get(name)!.add(tasksOf(name, count));
  const regions = Object.keys(answers).map((name, index) => ({
    ...{ name, health: endpoint(name), queue: `redis://r/${index}` },
  }));
  const stage = aStage({
    config: { regions, results: 'redis://r/9', ...config },
    queues: {
      tasks: async (region) => new MemoryTaskQueue(tasks.get(region)!),
      results: async () => new MemoryResultQueue({ clock }),
      state: async () => null,
    },
    regionProbe: {
      probeRegion: async (url) => Object.entries(answers).find(([name]) => endpoint(name) === url)?.[1] ?? down,
      probeApi: async () => ({ reachable: true, latencyMs: 30, error: null }),
    },
  });
  let exitCode: number | null = null;
  const running = run(flags, stage.context).then((code) => (exitCode = code));
  running.catch(() => undefined);
  await clock.run();
  await running;
  const left = Object.fromEntries([...tasks].map(([name, each]) => [name, each.depth().waiting]));
  return { exitCode, out: stage.stdout.text, left };
}

describe('captcha failover --apply', () => {
  it('moves waiting tasks of unhealthy regions, by the shares of the plan', async () => {
    const ran = await moved({ us: down, eu: up(30, 0), ap: up(10, 0) }, { apply: true }, { us: 40 });
    expect(ran).toMatchObject({ exitCode: 1, left: { us: 0, eu: 30, ap: 10 } });
    expect(ran.out).toBe('from  to  tasks  note\nus    eu  30\nus    ap  10\n');
  });

  it.each<[string, number, string]>([
    ['hold', 9, 'us    (stay)  9      held: no healthy region\n'],
    ['home', 9, 'us    (stay)  9      no healthy region: tasks stay in their own region\n'],
    ['hold', 0, 'us    -   0      no waiting tasks\n'],
  ])('says how many tasks stay where, and why (%s, %i)', async (onAllDown, waiting, line) => {
    const ran = await moved({ us: down, eu: down }, { apply: true }, { us: waiting }, { failover: { onAllDown } });
    expect(ran).toMatchObject({ exitCode: 4, left: { us: waiting } });
    expect(ran.out).toContain(line);
  });

  it('does not move tasks of serving regions', async () => {
    const ran = await moved({ us: up(4, 9), eu: up(4, 0) }, { apply: true }, { us: 9 });
    expect(ran).toMatchObject({ exitCode: 0, out: 'Nothing to move.\n', left: { us: 9, eu: 0 } });
  });
});

describe('captcha failover --drain', () => {
  it('empties a serving region', async () => {
    const ran = await moved({ us: up(4, 9), eu: up(4, 0) }, { drain: 'us' }, { us: 9 });
    expect(ran).toMatchObject({ exitCode: 0, left: { us: 0, eu: 9 } });
  });

  it.each<[string, FailoverFlags, string]>([
    ['the last region that serves', { drain: 'us' }, '--drain us: no other region is serving'],
    ['a region that there is not', { drain: 'mars' }, '--drain mars: unknown region'],
    ['both at once', { drain: 'us', apply: true }, '--apply and --drain cannot be used together'],
  ])('refuses to drain %s', async (_what, flags, refusal) => {
    expect(await refusalOf(() => moved({ us: up(4, 9), eu: down }, flags, {}))).toMatch(refusal);
  });
});
