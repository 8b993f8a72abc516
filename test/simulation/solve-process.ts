import { aTask } from '../support/builders.ts';
import { CrashingProcess } from '../support/crashing-process.ts';
import type { Host } from './host.ts';
import type { SolveSchedule } from './schedule.ts';

/** One `captcha solve`: a task, an outcome, no journal. Returns how it ended. */
export async function runSolve(
  name: string,
  { startsAtMs, steps, stopAtMs, solver: options }: SolveSchedule,
  host: Host,
): Promise<'killed' | 'ended'> {
  await host.clock.sleep(startsAtMs);
  const process = new CrashingProcess(name, steps ?? Infinity);
  const stop = new AbortController();
  if (stopAtMs !== null) void host.clock.sleep(stopAtMs).then(() => stop.abort());
  const solver = host.solverFor(process, { options, disk: null });
  const solved = solver.solve(aTask({ taskId: name }), stop.signal).then(() => 'ended' as const);
  const end = await Promise.race([solved, process.killed]);
  host.ledger.goneMs.set(name, host.clock.nowMs());
  process.kill();
  host.ledger.count(`solve ${end}`);
  return end;
}
