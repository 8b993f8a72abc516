import { systemClock as clock } from './adapters/system/system-clock.ts';
import type { FleetQueues } from './cli/fleet/fleet-queues.ts';
import type { Config } from './config/schema.ts';
import { within } from './domain/within.ts';
import { QueueFuses } from './queue-fuses.ts';

/** An engine that is away may never let go; nothing is lost with it, since every lease runs out by itself. */
const longestCloseMs = 3_000;

/** Opens the queues of a fleet, each when it is first asked for, and closes all of them. */
export function plugFleet(
  { solve, fleet, results }: Config,
  env: NodeJS.ProcessEnv,
): FleetQueues & { close(): Promise<void> } {
  const fuses = new QueueFuses({ env, state: fleet.state, results, taskTimeoutMs: solve.timeoutMs });
  const opened: { close(): Promise<void> }[] = [];
  const kept = <T extends { close(): Promise<void> }>(queue: T): T => {
    opened.push(queue);
    return queue;
  };
  return {
    tasks: async (region, url) => kept(await fuses.tasks(region, url)),
    results: async (url) => kept(await fuses.results(url)),
    state: () => fuses.state(),
    close: async () => {
      await within(Promise.allSettled(opened.map((queue) => queue.close())), { ms: longestCloseMs }, clock);
      await within(
        fuses.close().catch(() => undefined),
        { ms: longestCloseMs },
        clock,
      );
    },
  };
}
