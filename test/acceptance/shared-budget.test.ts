import { statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Bench, it, words } from './support/bench.ts';
import type { Ended } from './support/running.ts';
import { mountSmallDisk } from './support/small-disk.ts';

/** `npm run unit` runs few processes; 50 processes and 15 s are what the figures in docs/budget.md were made with. */
const processCount = Number(process.env['CROWD'] ?? 12);
const outageMs = Number(process.env['OUTAGE_MS'] ?? 4_000);
const timeout = 60_000 + 4 * outageMs + 1_000 * processCount;

const solve = { timeout: '15s' };
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

/** As many processes at once, each solving one task. */
async function startProcesses(bench: Bench, { at, config, flags = '' }: ProcessGroup): Promise<readonly Ended[]> {
  const starting = Array.from({ length: processCount }, () =>
    bench.start(words(`solve TASK --json ${flags}`), { at, config }),
  );
  const running = await Promise.all(starting);
  return Promise.all(running.map(({ ended }) => ended));
}

const attemptsOf = ({ stdout }: Ended): number => (JSON.parse(stdout) as { attempts: unknown[] }).attempts.length;

describe('many processes that meet an outage', () => {
  it('retry together what one bucket allows, however many they are', { timeout }, async ({ bench }) => {
    const at = await bench.sandbox({ outages: [{ mode: 503, fromMs: 0, toMs: 600_000 }] });
    const config = { budget, breaker: noBreaker, solve };
    const beganMs = performance.now();
    const ended = await startProcesses(bench, { at, config });
    const seconds = (performance.now() - beganMs) / 1_000;
    const { submissions } = at.stats();
    expect(ended.map(({ code }) => code)).toEqual(ended.map(() => 4));
    expect(submissions, 'every submission was told').toBe(ended.reduce((sum, each) => sum + attemptsOf(each), 0));
    expect(submissions - processCount, 'retries').toBeLessThanOrEqual(
      budget.burst + budget.maxRetriesPerSecond * seconds,
    );
  });

  it(
    'let through what opens the breaker and one probe per break, and all end solved where they may wait',
    {
      timeout,
    },
    async ({ bench }) => {
      const at = await bench.sandbox({ outages: [{ mode: 503, fromMs: 0, toMs: outageMs }] });
      const config = { breaker: briefBreaks, solve };
      const ended = await startProcesses(bench, { at, config, flags: '--wait-for-budget' });
      expect(ended.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(ended.map(() => ''));
      const log = await bench.run(['budget', 'log', '--json'], { at, config });
      const { entries } = JSON.parse(log.stdout) as Audit;
      const probes = entries.filter(({ result }) => result.startsWith('probes'));
      expect(at.stats().submissionsDuringOutage).toBeLessThanOrEqual(5 + probes.length);
      const gapsMs = probes.slice(1).map((probe, index) => Date.parse(probe.at) - Date.parse(probes[index]!.at));
      // The first break is at least 1 s, and the later ones two thirds of the longest.
      expect(Math.min(Infinity, ...gapsMs)).toBeGreaterThanOrEqual(1_000);
      expect(at.stats().duplicates, 'tasks that look alike').toBe(processCount - 1);
    },
  );

  it('fail at once while the breaker is open, with the time until the next probe', { timeout }, async ({ bench }) => {
    const at = await bench.sandbox({ outages: [{ mode: 503, fromMs: 0, toMs: 600_000 }] });
    const config = { breaker: { consecutiveFailures: 2, breakDuration: '60s' } };
    await bench.run(words('solve TASK --max-attempts 2'), { at, config });
    const { submissions } = at.stats();
    const second = await bench.run(words('solve TASK'), { at, config });
    expect(second).toMatchObject({ code: 4, stdout: '' });
    expect(second.stderr).toMatch(/not solved \(breaker-open\)[\s\S]*next attempt in [45]\d(\.\d)?s/);
    expect(at.stats().submissions).toBe(submissions);
  });
});

describe('a state folder that cannot be shared', () => {
  it('costs one warning, and the task is solved all the same', { timeout }, async ({ bench }) => {
    const at = await bench.sandbox();
    const env = { CAPTCHA_STATE_DIR: '/dev/null/state' };
    const ended = await bench.run(words('solve TASK'), { at, env });
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/^warning: .*\/dev\/null\/state.*this process's own\n$/);
  });

  it.for([
    ['before a task', 0],
    ['in the middle of one', 1],
  ] as const)(
    'costs one warning where its disk is full %s, and the budget stays what it was',
    { timeout },
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
      expect(ended.stderr.match(/^warning: .*(ENOSPC|full).*this process's own$/gm)).toHaveLength(1);
      expect(usage.at.stats().submissions).toBe(1 + 1 + 60);
    },
  );
});

/** Leaves so many pages of the file system free. */
function fill(folder: string, freePages: number): void {
  const { bsize, bavail } = statfsSync(folder);
  writeFileSync(join(folder, 'ballast'), Buffer.alloc(bsize * (bavail - freePages)));
}
