import { MemoryResultQueue } from './adapters/memory/memory-result-queue.ts';
import { MemoryTaskQueue } from './adapters/memory/memory-task-queue.ts';
import { MemoryTasks } from './adapters/memory/memory-tasks.ts';
import { systemClock as clock } from './adapters/system/system-clock.ts';
import type { FleetQueues } from './cli/fleet/fleet-queues.ts';
import type { Config } from './config/schema.ts';
import { UsageError } from './domain/usage-error.ts';

function checkMemory(url: string): void {
  if (url.startsWith('memory:')) return;
  throw new UsageError('this version has queues inside the process only', 'write memory:');
}

/** Opens the queues of a fleet, each when it is first asked for, and closes all of them. */
export function plugFleet(_config: Config, _env: NodeJS.ProcessEnv): FleetQueues & { close(): Promise<void> } {
  const tasks = new Map<string, MemoryTasks>();
  const results = new MemoryResultQueue({ clock });
  return {
    tasks: async (region, url) => {
      checkMemory(url);
      const known = tasks.get(region) ?? new MemoryTasks({ clock });
      tasks.set(region, known);
      return new MemoryTaskQueue(known);
    },
    results: async (url) => {
      checkMemory(url);
      return results;
    },
    close: async () => undefined,
  };
}
