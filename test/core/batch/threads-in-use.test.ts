import { describe, expect, it } from 'vitest';
import {
  runThreadedBatch,
  ThreadedService,
  type ThreadedBatch,
  type ThreadedBatchEnd,
  type ThreadedServiceOptions,
} from '../../support/threaded-service.ts';
import { solveTimeModels } from '../../support/polling-delays.ts';

const [, solveMs] = solveTimeModels['turnstile 4 s to 8 s']!;
const seeds = [1, 2, 3, 4, 5, 6];
const both = ['when solved', 'when fetched'] as const;

/** Batches that start at the same time, against one account of eight threads. */
async function run(special: Partial<ThreadedServiceOptions>, batches: readonly ThreadedBatch[]) {
  const service = new ThreadedService({
    ...{ threads: 8, solveMs, frees: 'when solved', tellsThreads: true, seed: 1 },
    ...special,
  });
  const running = Promise.all(batches.map((batch) => runThreadedBatch(service, batch)));
  await service.clock.run();
  return { service, ends: await running };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const failed = (ends: readonly ThreadedBatchEnd[]): number =>
  ends.flatMap(({ outcomes }) => outcomes).filter(({ status }) => status === 'failed').length;

describe('the threads of an account', () => {
  it.each(both)('are kept busy by one batch, with few refusals and few requests: freed %s', async (frees) => {
    const [spans, refused, requests]: [number[], number[], number[]] = [[], [], []];
    for (const seed of seeds) {
      const { service, ends } = await run({ frees, seed }, [{ tasks: 80, seed }]);
      const { counts, usedMs } = service;
      expect(failed(ends)).toBe(0);
      expect(ends[0]?.mostInWork).toBeLessThanOrEqual(32);
      spans.push(ends[0]!.endedMs / (usedMs / 8));
      refused.push(counts.refused / 80);
      requests.push((counts.accepted + counts.refused + counts.polls + counts.reads) / 80);
    }
    expect(mean(spans)).toBeLessThanOrEqual(1.2);
    expect(Math.max(...refused)).toBeLessThanOrEqual(0.2);
    expect(Math.max(...requests)).toBeLessThanOrEqual(4.5);
  });

  it.each(both)('are found if the service does not tell, without a storm: freed %s', async (frees) => {
    for (const seed of seeds) {
      const { service, ends } = await run({ frees, seed, tellsThreads: false }, [{ tasks: 80, seed }]);
      expect(failed(ends)).toBe(0);
      expect(ends[0]!.endedMs / (service.usedMs / 8)).toBeLessThanOrEqual(1.4);
      // The first ten submissions meet eight threads.
      expect(service.counts.refused).toBeLessThanOrEqual(20);
    }
  });

  it.each(both)('are shared by two processes: freed %s', async (frees) => {
    for (const seed of seeds) {
      const { service, ends } = await run({ frees, seed }, [
        { tasks: 60, seed },
        { tasks: 60, seed: seed + 100 },
      ]);
      expect(failed(ends)).toBe(0);
      const [first, second] = ends.map(({ endedMs }) => endedMs).sort((a, b) => a - b);
      expect(second! / (service.usedMs / 8)).toBeLessThanOrEqual(1.35);
      expect(first! / second!).toBeGreaterThanOrEqual(0.5);
      expect(service.counts.refused / 120).toBeLessThanOrEqual(0.35);
    }
  });

  it('are not asked for more often than a service allows before it bans, though all stay busy', async () => {
    const { service, ends } = await run({ threads: 1, solveMs: () => 3_600_000 }, [
      { tasks: 9, seed: 1, timeoutMs: 60_000 },
    ]);
    expect(failed(ends)).toBe(9);
    const last = ends[0]!.outcomes.at(-1);
    expect(last).toMatchObject({
      reason: 'deadline-exceeded',
      message: expect.stringContaining('no free thread') as string,
    });
    const perMinute = service.refusedAtMs.map(
      (atMs) => service.refusedAtMs.filter((other) => other >= atMs && other < atMs + 60_000).length,
    );
    expect(Math.max(...perMinute)).toBeLessThanOrEqual(60);
  });
});
