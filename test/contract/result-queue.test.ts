import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ResultLease, ResultQueue, ResultReader } from '../../src/ports/queues.ts';
import { aResult } from '../support/queued.ts';
import { benches, type QueueBench } from './support/queue-benches.ts';

const never = new AbortController().signal;
let runCount = 0;
/** The engines run at the same time, the tests of one engine one after the other: they count all of its results. */
// eslint-disable-next-line @typescript-eslint/no-deprecated -- its replacement is an option of every single test
const it = test.sequential;

describe.concurrent.each(benches)('the result queue of %s', (_name, open) => {
  let bench: QueueBench;
  let queue: ResultQueue;
  let run: string;

  /** Receives until nothing more comes, or the requested number has come. */
  const drain = async (reader: ResultReader, most = 100): Promise<ResultLease[]> => {
    const leases: ResultLease[] = [];
    while (leases.length < most) {
      const more = await reader.receive(most - leases.length, 2_000, never);
      if (more.length === 0) break;
      leases.push(...more);
    }
    return leases;
  };
  const ackAll = (leases: readonly ResultLease[]) => Promise.all(leases.map((lease) => lease.ack()));
  const keysOf = (leases: readonly ResultLease[]) => leases.map(({ result }) => result.key).sort();

  beforeAll(async () => {
    bench = await open();
    queue = bench.results();
  });
  afterAll(async () => {
    await queue.close();
    await bench.stop();
  });
  beforeEach(() => {
    run = `run-${(runCount += 1)}-x`;
  });

  it('delivers results unchanged', async () => {
    const result = aResult(1, { run, possiblyCharged: true, worker: 'Zürich \uFFFF' });
    expect(await queue.push(result)).toBe('first');
    const reader = queue.reader(run);
    const leases = await drain(reader, 1);
    expect(leases.map((lease) => lease.result)).toEqual([result]);
    await ackAll(leases);
    await reader.close();
  });

  it('keeps the first result of a task, even after it was read', async () => {
    const reader = queue.reader(run);
    await queue.push(aResult(1, { run, worker: 'one' }));
    const second = await queue.push(aResult(1, { run, worker: 'two' }));
    if (bench.remembers) expect(second).toBe('duplicate');
    const first = await drain(reader, 1);
    await ackAll(first);
    await queue.push(aResult(1, { run, worker: 'three' }));
    const rest = await drain(reader);
    expect([...first, ...rest]).toHaveLength(1);
    if (bench.remembers) expect(first.map(({ result }) => result.worker)).toEqual(['one']);
    await reader.close();
  });

  it('reports whether a task has a result', async () => {
    expect(await queue.isFinished(aResult(1, { run }))).toBe(false);
    await queue.push(aResult(1, { run }));
    expect(await queue.isFinished(aResult(1, { run }))).toBe(bench.remembers);
    expect(await queue.isFinished(aResult(2, { run }))).toBe(false);
    const reader = queue.reader(run);
    await ackAll(await drain(reader, 1));
    expect(await queue.isFinished(aResult(1, { run }))).toBe(bench.remembers);
    await reader.close();
  });

  it('gives every reader the results of its own run', async () => {
    const other = `${run}-other`;
    const readers = [queue.reader(run), queue.reader(other)] as const;
    await Promise.all([1, 2, 3].map((n) => queue.push(aResult(n, { run }))));
    await Promise.all([4, 5].map((n) => queue.push(aResult(n, { run: other }))));
    const [own, others] = await Promise.all([drain(readers[0], 3), drain(readers[1], 2)]);
    expect(keysOf(own)).toEqual(keysOf([1, 2, 3].map((n) => ({ result: aResult(n), ack: async () => undefined }))));
    expect(others.map(({ result }) => result.run)).toEqual([other, other]);
    await ackAll([...own, ...others]);
    await Promise.all(readers.map((reader) => reader.close()));
  });

  it('drains all runs for a reader without a run', async () => {
    const other = `${run}-other`;
    await queue.push(aResult(1, { run }));
    await queue.push(aResult(1, { run: other }));
    const reader = queue.reader(null);
    const leases = await drain(reader);
    expect(leases.map(({ result }) => result.run).sort()).toEqual([run, other]);
    await ackAll(leases);
    await reader.close();
  });

  it('delivers results again that were not acknowledged', async () => {
    await queue.push(aResult(1, { run }));
    await queue.push(aResult(2, { run }));
    const reader = queue.reader(run);
    const leases = await drain(reader, 2);
    await leases.find(({ result }) => result.key === aResult(1).key)!.ack();
    await reader.close();
    const next = queue.reader(run);
    const rest = await drain(next, 2);
    expect(keysOf(rest)).toEqual([aResult(2).key]);
    await ackAll(rest);
    expect(await drain(next)).toEqual([]);
    await next.close();
  });

  it('keeps results for a slow reader', async () => {
    await queue.push(aResult(1, { run }));
    const [slow, other] = [queue.reader(run), queue.reader(run)];
    const leases = await drain(slow, 1);
    expect(await drain(other)).toEqual([]);
    await ackAll(leases);
    await Promise.all([slow.close(), other.close()]);
  });

  it('counts waiting and held results', async () => {
    await queue.push(aResult(1, { run }));
    await queue.push(aResult(2, { run }));
    const reader = queue.reader(run);
    const leases = await drain(reader, 1);
    expect(await queue.depth()).toEqual({ waiting: 1, inFlight: 1 });
    await ackAll(leases);
    await ackAll(await drain(reader, 1));
    expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 0 });
    await reader.close();
  });

  it('stops waiting when it is cancelled', async () => {
    const stop = new AbortController();
    const reader = queue.reader(run);
    const waiting = reader.receive(1, 60_000, stop.signal);
    stop.abort();
    expect(await waiting).toEqual([]);
    await reader.close();
  });
});
