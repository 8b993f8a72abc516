import { describe, expect, it } from 'vitest';
import { MemoryTaskQueue } from '../../../src/adapters/queues/memory/memory-task-queue.ts';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { QueueUnavailableError, UsageError } from '../../../src/domain/errors.ts';
import { describeFault } from '../../../src/domain/fault.ts';
import { type QueuedTask, queueIdOf } from '../../../src/domain/queued-task.ts';
import type { TaskLease, TaskQueue } from '../../../src/ports/queues.ts';
import { aQueuedTask, aWorker, FleetWorld, someQueuedTasks, type WorkerParts } from '../../support/fleet-harness.ts';
import { CountingService } from '../../support/crashing-fleet.ts';
import { CrashingProcess } from '../../support/crashing-process.ts';
import { notReady, ready, type ScriptedAnswers, ScriptedApi } from '../../support/scripted-api.ts';
import { wellBehaved } from '../../support/solver-harness.ts';

const signal = new AbortController().signal;

async function aFleet(
  tasks: readonly QueuedTask[],
  parts: Partial<WorkerParts> & { answers?: Partial<ScriptedAnswers> },
) {
  const world = parts.world ?? new FleetWorld();
  const api = new ScriptedApi({ ...wellBehaved, ...parts.answers }, { clock: world.clock });
  await new MemoryTaskQueue(world.tasks).send(tasks);
  const harness = aWorker({ world, api, ...parts });
  const end = harness.worker.run();
  return { ...harness, world, api, end };
}

describe('a worker', () => {
  it('processes every task to its result, with its region and home region, and ends when idle', async () => {
    const { world, end, stats } = await aFleet(someQueuedTasks(9), { options: { region: 'elsewhere' } });
    await world.clock.run();
    expect(await end).toEqual({ reason: 'idle', message: null, isDrained: true, handedBack: [] });
    const results = await world.read();
    expect(results).toHaveLength(9);
    for (const result of results) {
      expect(result).toMatchObject({ region: 'elsewhere', homeRegion: 'home', worker: 'w1', attemptCount: 1 });
      expect(result).toMatchObject({ possiblyCharged: false, outcome: { status: 'solved', region: 'elsewhere' } });
    }
    expect(stats.totals()).toMatchObject({ taken: 9, solved: 9, failed: 0, attempts: 9, requests: 27 });
    expect(world.tasks.depth()).toMatchObject({ waiting: 0, inFlight: 0 });
  });

  it('takes at most as many tasks as its concurrency', async () => {
    const { world, worker } = await aFleet(someQueuedTasks(9), { concurrency: 3 });
    await world.clock.advance(1_000);
    expect(world.tasks.depth()).toMatchObject({ waiting: 6, inFlight: 3 });
    expect(worker.snapshot()).toMatchObject({ busy: 3, concurrency: 3, isDraining: false, queueError: null });
  });

  it('polls a task that was submitted, and does not resubmit it', async () => {
    const progress = { state: 'submitted', attempts: 1, captchaId: 't1-1', submittedAt: 0 } as const;
    const { world, api } = await aFleet([aQueuedTask(1, { progress })], {});
    await world.clock.run();
    expect(api.submissions).toEqual([]);
    expect(await world.read()).toMatchObject([
      { attemptCount: 1, possiblyCharged: false, outcome: { captchaId: 't1-1' } },
    ]);
  });

  it('counts a task of a worker that died from its submission, not from its own start', async () => {
    const world = new FleetWorld();
    const submittedAt = world.clock.timestamp();
    await world.clock.advance(30_000);
    const progress = { state: 'submitted', attempts: 1, captchaId: 't1-1', submittedAt } as const;
    const { stats } = await aFleet([aQueuedTask(1, { progress })], {
      world,
      answers: { polls: () => [{ answer: ready }] },
    });
    await world.clock.run();
    const [result] = await world.read();
    expect(result?.outcome).toMatchObject({ status: 'solved', captchaId: 't1-1', submittedAt, solvedAt: submittedAt });
    expect(result?.outcome.durationMs).toBeGreaterThanOrEqual(30_000);
    expect(stats.totals().solveMs.p50).toBeGreaterThan(28_000);
  });

  it('resubmits a task whose submission was cut off, and marks it', async () => {
    const progress = { state: 'in-doubt', attempts: 1 } as const;
    const { world, api } = await aFleet([aQueuedTask(1, { progress })], {});
    await world.clock.run();
    expect(api.submissions).toHaveLength(1);
    expect(await world.read()).toMatchObject([{ attemptCount: 2, possiblyCharged: true }]);
  });

  it('acknowledges a task that has a result without a request to the service', async () => {
    const first = await aFleet([aQueuedTask(1)], {});
    await first.world.clock.run();
    const { world, api, stats } = await aFleet([aQueuedTask(1)], { world: first.world });
    await world.clock.run();
    expect(api.calls).toEqual([]);
    expect(stats.totals()).toMatchObject({ known: 1, solved: 0 });
    expect(await world.read()).toHaveLength(1);
  });

  it('dead-letters a task that was delivered too often', async () => {
    const { world, told, api } = await aFleet([], { options: { maxDeliveries: 2 } });
    const queue = new MemoryTaskQueue(world.tasks);
    await queue.send([aQueuedTask(1)]);
    for (let delivery = 1; delivery <= 2; delivery += 1) {
      const [lease] = await queue.receive(1, 0, signal);
      await lease!.release();
    }
    await world.clock.run();
    expect(api.calls).toEqual([]);
    expect(world.tasks.dead(10)).toMatchObject([{ deliveries: 3, reason: 'delivered 3 times without a result' }]);
    expect(told).toEqual([`${queueIdOf(aQueuedTask(1))} is now a dead letter: delivered 3 times without a result`]);
  });

  it('ends a task that was delivered too often with a result if the queue has no place for dead letters', async () => {
    const world = new FleetWorld();
    const progress = { state: 'submitted', attempts: 1, captchaId: 'c1', submittedAt: 0 } as const;
    const queue = new MemoryTaskQueue(world.tasks);
    await queue.send([aQueuedTask(1, { progress }), aQueuedTask(2)]);
    for (let delivery = 1; delivery <= 2; delivery += 1) {
      for (const lease of await queue.receive(2, 0, signal)) await lease.release();
    }
    const receive = queue.receive.bind(queue);
    queue.receive = async (...args) => {
      const leases = await receive(...args);
      for (const lease of leases) lease.deadLetter = () => Promise.reject(new UsageError('no dead-letter queue'));
      return leases;
    };
    const api = new ScriptedApi(wellBehaved, { clock: world.clock });
    const { worker } = aWorker({ world, api, queue, options: { maxDeliveries: 2, exitWhenIdleMs: 10_000 } });
    const end = worker.run();
    await world.clock.run();
    expect(await end).toMatchObject({ reason: 'idle' });
    expect(api.calls).toEqual([]);
    const message = 'delivered 3 times without a result; no dead-letter queue';
    expect((await world.read()).toSorted((a, b) => a.key.localeCompare(b.key))).toMatchObject([
      { possiblyCharged: true, outcome: { reason: 'attempts-exhausted', message, captchaId: 'c1' } },
      { possiblyCharged: false, outcome: { reason: 'attempts-exhausted', message, captchaId: null } },
    ]);
    expect(world.tasks.depth()).toMatchObject({ waiting: 0, inFlight: 0 });
  });

  it('lowers its concurrency after a no-slot answer, without losing an attempt or a task', async () => {
    const full = describeFault({
      kind: 'throttled',
      message: 'full',
      code: 'ERROR_NO_SLOT_AVAILABLE',
      threadsFull: true,
    });
    const submits: ScriptedAnswers['submits'] = () => [{ fault: full }, { fault: full }, { answer: 'accepted' }];
    const { world, limit } = await aFleet(someQueuedTasks(4), { answers: { submits } });
    await world.clock.advance(1_000);
    expect(limit.limit).toBeLessThan(4);
    await world.clock.run();
    expect(await world.read()).toMatchObject(Array.from({ length: 4 }, () => ({ attemptCount: 1 })));
  });

  it('takes no tasks while the breaker blocks its current ones', async () => {
    const broken = describeFault({ kind: 'transport', message: 'reset' });
    const submits: ScriptedAnswers['submits'] = () => [{ fault: broken }];
    const { world, pause, worker } = await aFleet(someQueuedTasks(30), { answers: { submits }, concurrency: 8 });
    await world.clock.advance(4_000);
    expect(pause.leftMs).toBeGreaterThan(0);
    expect(worker.snapshot().pausedMs).toBe(pause.leftMs);
    expect(world.tasks.depth()).toMatchObject({ waiting: 22 });
  });

  it.each([
    ['account', 'no balance'],
    ['config', 'HTTP 404'],
  ] as const)('stops when nothing can be solved, for the %s, and hands its tasks back', async (kind, message) => {
    const refused = describeFault({ kind, message });
    const { world, end } = await aFleet(someQueuedTasks(3), { answers: { submits: () => [{ fault: refused }] } });
    await world.clock.run();
    expect(await end).toMatchObject({ reason: kind, message: expect.stringContaining(message) as string });
    expect(world.tasks.depth()).toMatchObject({ waiting: 3, inFlight: 0 });
    expect(await world.read()).toEqual([]);
    // A platform that starts the worker repeatedly must not make dead letters of them.
    const leases = await new MemoryTaskQueue(world.tasks).receive(3, 0, signal);
    expect(leases.map(({ delivery }) => delivery)).toEqual([1, 1, 1]);
  });

  it('polls an empty queue six times a minute, and counts its tasks four times', async () => {
    const world = new FleetWorld();
    const real = new MemoryTaskQueue(world.tasks);
    const asked = { receive: 0, depth: 0 };
    const counting: TaskQueue = Object.assign(Object.create(real) as TaskQueue, {
      receive: (most: number, waitMs: number, stop: AbortSignal): Promise<readonly TaskLease[]> => {
        asked.receive += 1;
        return real.receive(most, waitMs, stop);
      },
      depth: () => {
        asked.depth += 1;
        return real.depth();
      },
    });
    await aFleet([], { world, queue: counting, options: { exitWhenIdleMs: null } });
    await world.clock.advance(59_999);
    expect(asked).toEqual({ receive: 6, depth: 4 });
  });

  it('waits for an unreachable queue, reports that once, and continues', async () => {
    const world = new FleetWorld();
    const real = new MemoryTaskQueue(world.tasks);
    const failing: TaskQueue = Object.assign(Object.create(real) as TaskQueue, {
      receive: async (most: number, waitMs: number, stop: AbortSignal): Promise<readonly TaskLease[]> => {
        if (world.clock.nowMs() < 30_000) throw new QueueUnavailableError('redis://x: gone');
        return real.receive(most, waitMs, stop);
      },
      depth: async () => {
        if (world.clock.nowMs() < 30_000) throw new QueueUnavailableError('redis://x: gone');
        return real.depth();
      },
    });
    const { told, worker } = await aFleet(someQueuedTasks(2), { world, queue: failing });
    await world.clock.advance(10_000);
    expect(worker.snapshot().queueError).toBe('redis://x: gone');
    await world.clock.run();
    expect(told).toEqual(['waiting for the queue: redis://x: gone']);
    expect(await world.read()).toHaveLength(2);
  });
});

describe('a stopping worker', () => {
  it('takes no further task, finishes paid ones and returns the others', async () => {
    const slow: ScriptedAnswers['submits'] = ({ taskId }) =>
      taskId === 't2' ? [{ fault: describeFault({ kind: 'transport', message: 'reset' }) }] : [{ answer: 'accepted' }];
    const { world, end, interrupt, worker } = await aFleet(someQueuedTasks(3), {
      answers: { submits: slow },
      concurrency: 2,
    });
    await world.clock.advance(100);
    interrupt.abort();
    expect(worker.snapshot().isDraining).toBe(true);
    await world.clock.run();
    expect(await end).toMatchObject({
      reason: 'interrupted',
      isDrained: true,
      handedBack: [{ taskId: 't2', captchaId: null }],
    });
    expect(await world.read()).toMatchObject([{ outcome: { taskId: 't1', status: 'solved' } }]);
    expect(world.tasks.depth()).toMatchObject({ waiting: 2, inFlight: 0 });
  });

  it('returns paid tasks with their ids when the drain timeout is over, and the next worker polls them', async () => {
    const polls: ScriptedAnswers['polls'] = () => [{ answer: notReady }];
    const { world, end, interrupt } = await aFleet(someQueuedTasks(2), {
      answers: { polls },
      options: { drainTimeoutMs: 60_000 },
    });
    await world.clock.advance(20_000);
    interrupt.abort();
    await world.clock.advance(59_000);
    expect(world.tasks.depth()).toMatchObject({ inFlight: 2 });
    await world.clock.advance(1_000);
    const handedBack = [
      { id: queueIdOf(aQueuedTask(1)), taskId: 't1', captchaId: 't1-1' },
      { id: queueIdOf(aQueuedTask(2)), taskId: 't2', captchaId: 't2-1' },
    ];
    expect(await end).toEqual({ reason: 'interrupted', message: null, isDrained: false, handedBack });
    const next = await aFleet([], { world, answers: { polls: () => [{ answer: ready }] } });
    await world.clock.run();
    expect(next.api.submissions).toEqual([]);
    expect(await world.read()).toHaveLength(2);
  });
});

describe('a suspended worker whose task another one took', () => {
  it('stops at once, and there is one result and one submission', async () => {
    const world = new FleetWorld();
    const service = new CountingService(world.clock, seededRandom(1));
    const life = new CrashingProcess('a worker');
    const frozen = await aFleet([aQueuedTask(1)], { world, api: service.api(life) });
    await world.clock.advance(10_000);
    world.tasks.expire(queueIdOf(aQueuedTask(1)));
    const other = await aFleet([], { world, api: service.api(life), options: { worker: 'w2' } });
    await world.clock.run();
    const totals = [frozen.stats.totals(), other.stats.totals()];
    expect(totals.map(({ lost }) => lost).reduce((sum, lost) => sum + lost)).toBe(1);
    expect(service.accepted).toHaveLength(1);
    expect(await world.read()).toHaveLength(1);
  });
});
