import { describe, expect, it } from 'vitest';
import { MemoryTaskQueue } from '../../../src/adapters/queues/memory/memory-task-queue.ts';
import { seededRandom } from '../../../src/adapters/virtual/seeded-random.ts';
import { aWorker, FleetWorld, someQueuedTasks } from '../../support/fleet-harness.ts';
import { CountingService, crashingQueue, crashingResults } from '../../support/crashing-fleet.ts';
import { CrashingProcess } from '../../support/crashing-process.ts';
import { runs } from '../../support/exhaustive.ts';

const taskCount = 5;
/** The time that a lease outlives its holder. */
const leaseMs = 10_000;

/** Workers live for a number of steps each, two at a time, until one lives long enough to finish. */
async function surviveCrashes(seed: number, crashes: number) {
  const world = new FleetWorld();
  const random = seededRandom(seed);
  const service = new CountingService(world.clock, random);
  await new MemoryTaskQueue(world.tasks).send(someQueuedTasks(taskCount));
  const live = async (steps: number): Promise<void> => {
    const life = new CrashingProcess('a worker', steps);
    const queue = new MemoryTaskQueue(world.tasks);
    const parts = { queue: crashingQueue(queue, life), results: crashingResults(world.results, life) };
    const { worker } = aWorker({ world, api: service.api(life), concurrency: 3, ...parts });
    void worker.run();
    await world.clock.advance(steps === Infinity ? 600_000 : leaseMs + random.next() * 60_000);
    life.kill();
    await queue.close();
  };
  for (let crash = 0; crash < crashes; crash += 1) await live(Math.floor(random.next() * 40));
  await live(Infinity);
  return { service, results: await world.read(), depth: world.tasks.depth() };
}

const seeds = Array.from({ length: runs(120) }, (_, index) => index + 1);

describe('workers that crash at any instant', () => {
  it.each(seeds)(
    'leave exactly one result per task, and mark tasks that were paid for twice (seed %i)',
    async (seed) => {
      const crashes = seed % 4;
      const { service, results, depth } = await surviveCrashes(seed, crashes);
      expect(results.map(({ key }) => key).sort()).toEqual(someQueuedTasks(taskCount).map(({ key }) => key));
      expect(depth).toMatchObject({ waiting: 0, inFlight: 0, dead: 0 });
      for (const { outcome, possiblyCharged, attemptCount } of results) {
        const times = service.timesOf(outcome.taskId);
        expect(outcome).toMatchObject({ status: 'solved', solution: { text: `token of ${outcome.taskId}` } });
        expect(times).toBeLessThanOrEqual(1 + crashes);
        if (times > 1) expect(possiblyCharged).toBe(true);
        expect(attemptCount).toBeGreaterThanOrEqual(times);
      }
    },
  );

  it('really crash during submissions', async () => {
    const all = await Promise.all(seeds.map((seed) => surviveCrashes(seed, seed % 4)));
    const twice = all.filter(({ service }) => service.accepted.length > taskCount);
    expect(twice.length).toBeGreaterThan(seeds.length / 12);
  });
});
