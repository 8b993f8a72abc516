import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { LeaseForgottenError, LeaseLostError } from '../../src/domain/errors.ts';
import { type OpenProgress, queueIdOf } from '../../src/domain/queued-task.ts';
import type { TaskLease, TaskQueue } from '../../src/ports/queues.ts';
import { aTask } from '../support/builders.ts';
import { benches, type QueueBench } from './support/queue-benches.ts';
import { QueueStage } from './support/queue-stage.ts';
import { StoppableClock } from './support/stopped-clock.ts';

const never = new AbortController().signal;
/** Longer than a test may take. */
const hourMs = 3_600_000;
const submitted: OpenProgress = { state: 'submitted', attempts: 1, captchaId: '777', submittedAt: 5 };
const later: OpenProgress = { state: 'submitted', attempts: 2, captchaId: '888', submittedAt: 6 };
const inDoubt: OpenProgress = { state: 'in-doubt', attempts: 1 };

const sentCount = async (to: TaskQueue, tasks: Parameters<TaskQueue['send']>[0]): Promise<number> =>
  (await to.send(tasks)).fresh.size;
const receive = (from: TaskQueue, most = 10, waitMs = 3_000) => from.receive(most, waitMs, never);

async function receiveOne(from: TaskQueue, waitMs = 10_000): Promise<TaskLease> {
  const [lease] = await receive(from, 1, waitMs);
  if (lease === undefined) throw new Error('nothing was received');
  return lease;
}

async function receiveAll(from: TaskQueue, count: number): Promise<readonly TaskLease[]> {
  const leases: TaskLease[] = [];
  while (leases.length < count) {
    const more = await receive(from, count - leases.length);
    if (more.length === 0) break;
    leases.push(...more);
  }
  return leases;
}

/** Moves waiting tasks like a failover; returns the progress of the copies. */
async function move(from: TaskQueue, to: TaskQueue): Promise<readonly (OpenProgress | null)[]> {
  const copied: (OpenProgress | null)[] = [];
  for (const lease of await receive(from)) {
    const progress = await lease.offer(to.place);
    copied.push(progress);
    if (progress === null) continue;
    const isFresh = (await to.send([{ ...lease.queued, progress }])).fresh.size === 1;
    await (isFresh ? lease.moved() : lease.release());
  }
  return copied;
}

describe.concurrent.each(benches)('the task queue of %s', (_name, open) => {
  let bench: QueueBench;
  // The engines run at the same time, the tests of one engine one after the other: brief leases need a process that is not busy.
  const inTurn = test.extend<{ stage: QueueStage }>({
    stage: async ({}, use) => {
      const stage = new QueueStage(bench);
      await use(stage);
      await stage.close();
    },
  });
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- its replacement is an option of every single test
  const it = inTurn.sequential;

  beforeAll(async () => {
    bench = await open();
  });
  afterAll(() => bench.stop());

  it('delivers tasks unchanged', async ({ stage: { queue, aQueuedTask } }) => {
    const text = 'Zürich \u0000 \uFFFF 😀 "quoted"';
    const task = aQueuedTask(1, { task: aTask({ params: { text } }), strict: true, progress: inDoubt });
    expect(await sentCount(queue, [task])).toBe(1);
    const lease = await receiveOne(queue);
    expect(lease.queued).toEqual(task);
    expect(lease.delivery).toBe(1);
    expect(lease.lost.aborted).toBe(false);
  });

  it('delivers every one of many tasks once', async ({ stage: { queue, someQueuedTasks } }) => {
    const tasks = someQueuedTasks(45);
    await queue.send(tasks);
    const leases = await receiveAll(queue, 45);
    expect(new Set(leases.map(({ queued }) => queueIdOf(queued)))).toEqual(new Set(tasks.map(queueIdOf)));
    expect(await receive(queue, 10, 100)).toEqual([]);
    expect(await Promise.all(leases.map((lease) => lease.ack()))).not.toContain(false);
    await expect.poll(() => queue.depth()).toMatchObject({ waiting: 0, inFlight: 0 });
  });

  it('delivers at most the requested number', async ({ stage: { queue, someQueuedTasks } }) => {
    await queue.send(someQueuedTasks(5));
    expect(await receive(queue, 2)).toHaveLength(2);
    expect(await queue.depth()).toMatchObject({ waiting: 3, inFlight: 2 });
    expect(await receive(queue, 0)).toEqual([]);
  });

  it('accepts large tasks', async ({ stage: { queue, aQueuedTask } }) => {
    const body = 'x'.repeat(300_000);
    const tasks = [1, 2, 3, 4].map((n) => aQueuedTask(n, { task: aTask({ body }) }));
    expect(await sentCount(queue, tasks)).toBe(4);
    expect((await receiveAll(queue, 4)).map(({ queued }) => queued.task.body?.length)).toEqual(Array(4).fill(300_000));
  });

  it('keeps the regions apart', async ({ stage }) => {
    const { queue, someQueuedTasks } = stage;
    await queue.send(someQueuedTasks(1));
    expect(await receive(stage.elsewhere(), 1, 100)).toEqual([]);
  });

  it('identifies a task by its run and key', async ({ stage: { queue, aQueuedTask } }) => {
    expect(await sentCount(queue, [aQueuedTask(1), aQueuedTask(1, { run: 'run-b' })])).toBe(2);
    expect(await receiveAll(queue, 2)).toHaveLength(2);
  });

  it('adds a task once, whether it is waiting, held or finished', async ({ stage: { queue, someQueuedTasks } }) => {
    if (!bench.remembers) return;
    await queue.send(someQueuedTasks(2));
    expect(await sentCount(queue, someQueuedTasks(3))).toBe(1);
    const lease = await receiveOne(queue);
    await lease.ack();
    const held = await receive(queue, 1);
    expect(held).toHaveLength(1);
    expect(
      await sentCount(
        queue,
        someQueuedTasks(3).filter(({ key }) => key !== lease.queued.key),
      ),
    ).toBe(0);
  });

  it('waits for a task that comes later', async ({ stage }) => {
    const { queue, aQueuedTask, someQueuedTasks } = stage;
    const waiting = receiveOne(queue);
    await systemClock.sleep(150);
    await stage.another().send(someQueuedTasks(1));
    expect((await waiting).queued.key).toBe(aQueuedTask(1).key);
  });

  it('stops waiting when it is cancelled, and holds nothing then', async ({ stage }) => {
    const { queue, aQueuedTask, someQueuedTasks } = stage;
    const stop = new AbortController();
    const waiting = queue.receive(1, hourMs, stop.signal);
    await systemClock.sleep(50);
    stop.abort();
    expect(await waiting).toEqual([]);
    await stage.another().send(someQueuedTasks(1));
    expect((await receiveOne(stage.another())).queued.key).toBe(aQueuedTask(1).key);
    expect(await queue.receive(1, hourMs, stop.signal)).toEqual([]);
  });

  it('keeps holding tasks that take longer than a lease', async ({ stage }) => {
    const { queue, someQueuedTasks } = stage;
    await queue.send(someQueuedTasks(1));
    const lease = await receiveOne(stage.failing());
    expect(await receive(stage.another(), 1, Math.max(4_500, bench.leaseMs))).toEqual([]);
    expect(lease.lost.aborted).toBe(false);
    expect(await lease.ack()).toBe(true);
  });

  it('delivers a returned task to the next worker, with its progress', async ({ stage }) => {
    const { queue, someQueuedTasks } = stage;
    await queue.send(someQueuedTasks(1));
    const lease = await receiveOne(queue);
    await lease.save(submitted);
    expect(await lease.release()).toBe(true);
    const next = await receiveOne(stage.another());
    expect(next.queued).toEqual({ ...lease.queued, progress: submitted });
    expect(await lease.ack()).toBe(false);
    expect(await next.ack()).toBe(true);
  });

  it('delays a task that is returned with a delay', async ({ stage: { queue, aQueuedTask, someQueuedTasks } }) => {
    await queue.send(someQueuedTasks(1));
    await (await receiveOne(queue)).release(2_500);
    expect(await receive(queue, 1, 500)).toEqual([]);
    expect((await receiveOne(queue)).queued.key).toBe(aQueuedTask(1).key);
  });

  it('dead-letters a task and requeues it on request', async ({ stage: { queue, someQueuedTasks } }) => {
    await queue.send(someQueuedTasks(2));
    const [first, second] = await receiveAll(queue, 2);
    await first!.save(submitted);
    expect(await first!.deadLetter('its workers died')).toBe(true);
    await second!.deadLetter('its workers died');
    expect(await receive(queue, 1, 200)).toEqual([]);
    await expect.poll(() => queue.depth()).toMatchObject({ waiting: 0, inFlight: 0, dead: 2 });
    const dead = await queue.dead(10);
    expect(dead.map(({ reason, deliveries }) => ({ reason, deliveries }))).toEqual(
      Array(2).fill({ reason: 'its workers died', deliveries: 1 }),
    );
    expect(await queue.requeue([queueIdOf(first!.queued)])).toBe(1);
    const again = await receiveOne(queue);
    expect(again.queued).toEqual({ ...first!.queued, progress: submitted });
    expect(again.delivery).toBe(1);
    expect(await queue.requeue(null)).toBe(1);
    expect(await receive(queue)).toHaveLength(1);
    expect(await queue.dead(10)).toEqual([]);
  });

  it('deletes a moved task completely, so that it can come back', async ({ stage: { queue, someQueuedTasks } }) => {
    await queue.send(someQueuedTasks(1));
    const lease = await receiveOne(queue);
    await lease.offer('elsewhere');
    expect(await lease.moved()).toBe(true);
    if (bench.knowsPlaces) return;
    expect(await sentCount(queue, [lease.queued])).toBe(1);
    expect((await receiveOne(queue)).delivery).toBe(1);
  });

  it('keeps a task in the one of two queues in which it is started first', async ({ stage }) => {
    const { queue, someQueuedTasks } = stage;
    if (!bench.knowsPlaces) return;
    const other = stage.elsewhere();
    await queue.send(someQueuedTasks(1));
    await other.send(someQueuedTasks(1));
    const lease = await receiveOne(queue);
    expect(await receive(other, 1, 1_000)).toEqual([]);
    await lease.save(submitted);
    await expect.poll(() => other.depth()).toMatchObject({ waiting: 0, inFlight: 0 });
    expect(await sentCount(other, someQueuedTasks(1))).toBe(1);
    expect(await receive(other, 1, 1_000)).toEqual([]);
    expect(await lease.ack()).toBe(true);
  });

  it('moves a task with its paid id, and back over a copy that was left behind', async ({ stage }) => {
    const { queue, someQueuedTasks } = stage;
    const other = stage.elsewhere();
    await queue.send(someQueuedTasks(1));
    const first = await receiveOne(queue);
    await first.save(submitted);
    await first.release();
    expect(await move(queue, other)).toEqual([submitted]);
    await queue.send(someQueuedTasks(1));
    const again = await receiveOne(other);
    expect(again.queued.progress).toEqual(submitted);
    await again.save(later);
    await again.release();
    await move(other, queue);
    const copies = [...(await receive(queue, 5, 2_000)), ...(await receive(other, 5, 2_000))];
    if (bench.knowsPlaces) expect(copies.map(({ queued }) => queued.progress)).toEqual([later]);
    else expect(copies.map(({ queued }) => queued.progress)).toContainEqual(later);
  });

  it('keeps one task if a mover died between two queues, in the one where it is started first', async () => {
    if (!bench.knowsPlaces) return;
    for (const begunIn of ['there', 'here'] as const) {
      const stage = new QueueStage(bench);
      const { queue: here, someQueuedTasks } = stage;
      const [crashing, other] = [stage.failing(), stage.elsewhere()];
      await here.send(someQueuedTasks(1));
      const first = await receiveOne(here);
      await first.save(submitted);
      await first.release();
      const moving = await receiveOne(crashing);
      expect(await moving.offer(other.place)).toEqual(submitted);
      await other.send(someQueuedTasks(1));
      if (begunIn === 'here') {
        await moving.release();
        const lease = await receiveOne(here);
        expect(lease.queued.progress).toEqual(submitted);
        expect(await receive(other, 1, 1_000)).toEqual([]);
        expect(await lease.ack()).toBe(true);
      } else {
        const lease = await receiveOne(other);
        expect(lease.queued.progress).toEqual(submitted);
        await crashing.close();
        expect(await receive(here, 1, bench.leaseMs)).toEqual([]);
        expect(await lease.ack()).toBe(true);
      }
      await stage.close();
    }
  });

  it('does not let a task be taken away that was started again since it was offered', async ({ stage }) => {
    const { region, queue, someQueuedTasks } = stage;
    if (!bench.knowsPlaces) return;
    const clock = new StoppableClock();
    const frozen = stage.failing(clock);
    const other = stage.elsewhere();
    await queue.send(someQueuedTasks(1));
    const moving = await receiveOne(frozen);
    expect(await moving.offer(other.place)).toEqual({ state: 'new' });
    await other.send([moving.queued]);
    clock.freeze();
    await bench.expire(region, moving);
    const lease = await receiveOne(queue, bench.leaseMs);
    clock.thaw();
    expect(await moving.moved()).toBe(false);
    expect(await receive(other, 1, 1_000)).toEqual([]);
    await lease.save(submitted);
    expect(await lease.ack()).toBe(true);
  });

  it('marks the copy of a task if a copy left behind cannot be told apart', async ({ stage }) => {
    const { queue, someQueuedTasks } = stage;
    if (bench.remembers) return;
    await queue.send(someQueuedTasks(1));
    expect(await move(queue, stage.elsewhere())).toEqual([{ state: 'in-doubt', attempts: 0 }]);
  });

  it('delivers the task of a dead holder to the next one', async ({ stage }) => {
    const { queue, someQueuedTasks } = stage;
    const crashing = stage.failing();
    await queue.send(someQueuedTasks(1));
    const lease = await receiveOne(crashing);
    if (bench.remembers) await lease.save(submitted);
    await crashing.close();
    const next = await receiveOne(queue, bench.leaseMs + 1_000);
    expect(next.delivery).toBe(2);
    // Without a place for progress, the task may have been paid for.
    expect(next.queued.progress).toEqual(bench.remembers ? submitted : { state: 'in-doubt', attempts: 0 });
  });

  it('does not let a holder pay or finish after the task went to another one', async ({ stage }) => {
    const { region, queue, someQueuedTasks } = stage;
    const clock = new StoppableClock();
    const frozen = stage.failing(clock);
    const watching = receive(queue, 1, 100);
    await queue.send(someQueuedTasks(1));
    await watching.then((leases) => Promise.all(leases.map((lease) => lease.release())));
    const lease = await receiveOne(frozen);
    clock.freeze();
    await bench.expire(region, lease);
    const next = await receiveOne(queue, bench.leaseMs);
    await next.save(inDoubt);
    clock.thaw();
    await expect(lease.save(inDoubt)).rejects.toThrow(LeaseLostError);
    if (bench.remembers) await expect(lease.save(submitted)).rejects.toThrow(LeaseLostError);
    expect(lease.lost.aborted).toBe(true);
    expect(await lease.offer('elsewhere')).toBeNull();
    expect([await lease.ack(), await lease.release(), await lease.deadLetter('x'), await lease.moved()]).toEqual(
      Array(4).fill(false),
    );
    await next.save(submitted);
    await next.release();
    expect((await receiveOne(stage.another())).queued.progress).toEqual(submitted);
  });

  it('reports the number of waiting tasks and the age of the oldest', async ({ stage: { queue, someQueuedTasks } }) => {
    await queue.send(someQueuedTasks(3, { enqueuedAt: Date.now() - 60_000 }));
    await receive(queue, 1);
    const { waiting, inFlight, oldestAgeMs, dead } = await queue.depth();
    expect({ waiting, inFlight, dead }).toEqual({ waiting: 2, inFlight: 1, dead: 0 });
    if (oldestAgeMs !== null) expect(oldestAgeMs).toBeGreaterThan(59_000);
  });

  it('rejects addresses that an engine would refuse', async ({ stage: { queue, aQueuedTask } }) => {
    await expect(queue.send([aQueuedTask(1, { run: 'a:b' })])).rejects.toThrow(RangeError);
    await expect(queue.send([aQueuedTask(1, { key: '1' })])).rejects.toThrow(RangeError);
  });

  describe('when its data is lost', { concurrent: false }, () => {
    it("keeps the holder's knowledge after a data loss: the task's place and its paid id", async ({ stage }) => {
      const { queue, someQueuedTasks } = stage;
      if (bench.loseData === null) return;
      const other = stage.elsewhere();
      await queue.send(someQueuedTasks(1));
      const lease = await receiveOne(queue);
      await bench.loseData();
      await lease.save(submitted).catch(async (error: unknown) => {
        if (!(error instanceof LeaseForgottenError)) throw error;
        expect(await queue.bringBack({ ...lease.queued, progress: submitted })).toBe(true);
        expect(await queue.bringBack(lease.queued)).toBe(false);
      });
      await lease.release();
      const again = await receiveOne(queue, bench.leaseMs);
      expect(again.queued.progress).toEqual(submitted);
      await other.send(someQueuedTasks(1));
      expect(await receive(other, 1, 1_000)).toEqual([]);
      if (lease.forgotten.aborted) expect(await other.bringBack(lease.queued)).toBe(false);
      expect(await again.ack()).toBe(true);
    });

    it("moves a task whose data was lost during the move, with its mover's knowledge", async ({ stage }) => {
      const { queue, someQueuedTasks } = stage;
      if (bench.loseData === null) return;
      const other = stage.elsewhere();
      await queue.send(someQueuedTasks(1));
      const first = await receiveOne(queue);
      await first.save(submitted);
      await first.release();
      const moving = await receiveOne(queue, bench.leaseMs);
      await bench.loseData();
      expect(await moving.offer(other.place)).toEqual(submitted);
      await other.send([{ ...moving.queued, progress: submitted }]);
      expect(await moving.moved()).toBe(true);
      const again = await receiveOne(other, bench.leaseMs);
      expect(again.queued.progress).toEqual(submitted);
      expect(await again.ack()).toBe(true);
    });
  });
});
