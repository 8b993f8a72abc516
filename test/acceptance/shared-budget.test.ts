import { statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { until } from './support/batch.ts';
import { type Bench, it, words } from './support/bench.ts';
import type { Ended } from './support/running.ts';
import { hourMs, ServiceClock } from './support/service-clock.ts';
import { mountSmallDisk } from './support/small-disk.ts';
import { isExhaustive } from '../support/exhaustive.ts';

/** 50 are what the figures in docs/budget.md were made with. */
const processCount = Number(process.env['PROCESSES'] ?? (isExhaustive ? 12 : 8));

const budget = { ratio: null, maxRetriesPerSecond: 1, burst: 4 };
const noBreaker = { failureRatio: null, consecutiveFailures: null };
const briefBreaks = { breakDuration: '1s', maxBreakDuration: '2s' };

interface Audit {
  readonly entries: readonly { readonly at: string; readonly what: string; readonly result: string }[];
}

interface ProcessGroup {
  readonly at: { readonly url: string };
  readonly config: object;
  readonly flags?: string;
}

/** Starts this many processes at once, each solving one task. */
async function startProcesses(bench: Bench, { at, config, flags = '' }: ProcessGroup): Promise<readonly Ended[]> {
  const starting = Array.from({ length: processCount }, () =>
    bench.start(words(`solve TASK --json ${flags}`), { at, config }),
  );
  const running = await Promise.all(starting);
  return Promise.all(running.map(({ ended }) => ended));
}

const attemptsOf = ({ stdout }: Ended): number => (JSON.parse(stdout) as { attempts: unknown[] }).attempts.length;

describe('many processes during an outage', () => {
  it('retry together within one bucket, whatever their number', async ({ bench }) => {
    const at = await bench.sandbox({ outages: [{ mode: 503, fromMs: 0, toMs: 600_000 }] });
    const config = { budget, breaker: noBreaker };
    const beganMs = performance.now();
    const ended = await startProcesses(bench, { at, config, flags: '--fail-fast' });
    const seconds = (performance.now() - beganMs) / 1_000;
    const { submissions } = at.stats();
    expect(ended.map(({ code }) => code)).toEqual(ended.map(() => 4));
    expect(submissions, 'every submission was told').toBe(ended.reduce((sum, each) => sum + attemptsOf(each), 0));
    expect(submissions - processCount, 'retries').toBeLessThanOrEqual(
      budget.burst + budget.maxRetriesPerSecond * seconds,
    );
  });

  it('submit until the breaker opens and one probe per break, and all are solved if they may wait', async ({
    bench,
  }) => {
    const clock = new ServiceClock();
    const at = await bench.sandbox({ outages: [{ mode: 503, fromMs: 0, toMs: hourMs }], clock });
    const config = { breaker: briefBreaks, solve: { timeout: '200s' } };
    const ending = startProcesses(bench, { at, config });
    await until(() => at.stats().submissionsDuringOutage >= 7);
    clock.move(hourMs);
    const ended = await ending;
    expect(ended.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(ended.map(() => ''));
    const log = await bench.run(['budget', 'log', '--json'], { at, config });
    const { entries } = JSON.parse(log.stdout) as Audit;
    const probes = entries.filter(({ result }) => result.startsWith('admitted, to test'));
    expect(at.stats().submissionsDuringOutage).toBeLessThanOrEqual(5 + probes.length);
    const gapsMs = probes.slice(1).map((probe, index) => Date.parse(probe.at) - Date.parse(probes[index]!.at));
    // The first break is at least 1 s, later ones at least two thirds of the maximum.
    expect(Math.min(Infinity, ...gapsMs)).toBeGreaterThanOrEqual(1_000);
    expect(at.stats().duplicates, 'tasks that look alike').toBe(processCount - 1);
  });

  it('fail at once while the breaker is open, with the time until the next probe', async ({ bench }) => {
    const at = await bench.sandbox({ outages: [{ mode: 503, fromMs: 0, toMs: 600_000 }] });
    const config = { breaker: { consecutiveFailures: 2, breakDuration: '1h', maxBreakDuration: '1h' } };
    await bench.run(words('solve TASK --max-attempts 2'), { at, config });
    const { submissions } = at.stats();
    const second = await bench.run(words('solve TASK'), { at, config });
    expect(second).toMatchObject({ code: 4, stdout: '' });
    expect(second.stderr).toMatch(/not solved \(breaker-open\)[\s\S]*next attempt in (\d\dm|1h)/);
    expect(at.stats().submissions).toBe(submissions);
  });
});

describe('a state folder that cannot be shared', () => {
  it('costs one warning, and the task is still solved', async ({ bench }) => {
    const at = await bench.sandbox();
    const env = { CAPTCHA_STATE_DIR: '/dev/null/state' };
    const ended = await bench.run(words('solve TASK'), { at, env });
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(
      /^warning: .*\/dev\/null\/state.*this process uses its own retry budget and breaker\n$/,
    );
  });

  it.for([
    ['before a task', 0],
    ['in the middle of one', 1],
  ] as const)(
    'costs one warning if its disk is full %s, and the budget is unchanged',
    async ([, freePages], { bench, skip }) => {
      const disk = mountSmallDisk(bench, 256 * 1_024);
      if (disk === null) {
        console.warn('skipped: only root may mount the small disk that this test fills');
        return skip('a small disk cannot be mounted here');
      }
      const usage = {
        at: await bench.sandbox({ outages: [{ mode: 503, fromMs: 0, toMs: 600_000 }] }),
        env: { CAPTCHA_STATE_DIR: join(disk.path, 'state') },
        config: { budget: { ratio: null, maxRetriesPerSecond: 0.001, burst: 60 }, breaker: noBreaker },
      };
      await bench.run(words('solve TASK --max-attempts 1'), usage);
      fill(disk.path, freePages);
      const ended = await bench.run(words('solve TASK --max-attempts 90'), usage);
      expect(ended).toMatchObject({ code: 4, stdout: '' });
      expect(
        ended.stderr.match(/^warning: .*(ENOSPC|full).*this process uses its own retry budget and breaker$/gm),
      ).toHaveLength(1);
      expect(usage.at.stats().submissions).toBe(1 + 1 + 60);
    },
  );
});

/** Leaves this many pages of the file system free. */
function fill(folder: string, freePages: number): void {
  const { bsize, bavail } = statfsSync(folder);
  writeFileSync(join(folder, 'ballast'), Buffer.alloc(bsize * (bavail - freePages)));
}
