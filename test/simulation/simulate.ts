import { BatchProcess } from './batch-process.ts';
import { countWhatHappened } from './histogram.ts';
import { Host } from './host.ts';
import { invariants } from './invariants.ts';
import type { Ledger } from './ledger.ts';
import { openAsFiles } from './real-files.ts';
import { type Schedule, scheduleOf } from './schedule.ts';
import { runSolve } from './solve-process.ts';

/** All facts at the end of a simulation. */
export interface Simulated {
  readonly schedule: Schedule;
  readonly ledger: Ledger;
  readonly batches: readonly BatchProcess[];
  /** Null for a hanging one. */
  readonly solves: readonly ('killed' | 'ended' | null)[];
  readonly endedMs: number;
}

async function play(schedule: Schedule, trace: ((line: string) => void) | null): Promise<Simulated> {
  const host = new Host(schedule, trace);
  const batches = schedule.batches.map((batch, index) => new BatchProcess(`batch${index + 1}`, batch, host));
  const solves: ('killed' | 'ended' | null)[] = schedule.solves.map(() => null);
  const bugs: unknown[] = [];
  for (const batch of batches) batch.live().catch((error: unknown) => bugs.push(error));
  schedule.solves.forEach((solve, index) => {
    runSolve(`solve${index + 1}`, solve, host).then(
      (end) => (solves[index] = end),
      (error: unknown) => bugs.push(error),
    );
  });
  await host.run();
  for (const bug of bugs) host.ledger.violate(`nothing throws: ${bug instanceof Error ? bug.stack : String(bug)}`);
  return { schedule, ledger: host.ledger, batches, solves, endedMs: host.clock.nowMs() };
}

export interface CallResult {
  readonly seed: number;
  readonly broken: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
}

/** Runs the schedule of a seed and returns the violated invariants. `trace` is called for every step. */
export async function simulate(seed: number, trace: ((line: string) => void) | null = null): Promise<CallResult> {
  const simulated = await play(scheduleOf(seed), trace);
  const { ledger } = simulated;
  await openAsFiles(simulated);
  countWhatHappened(simulated);
  for (const [name, invariant] of Object.entries(invariants)) {
    for (const breach of invariant(simulated)) ledger.violations.push(`${name}: ${breach}`);
  }
  return { seed, broken: ledger.violations, counts: ledger.counts };
}
