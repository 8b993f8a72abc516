import { submissionsOf } from './invariants/submissions.ts';
import type { TaskRun, Ledger } from './ledger.ts';
import type { Simulated } from './simulate.ts';

/** What a task was doing when its process was killed. */
function phaseOf({ calls, endedMs }: TaskRun): string | null {
  if (endedMs !== null) return null;
  const last = calls.at(-1);
  if (last === undefined) return 'before the first submission';
  if (last.endedMs === null) return `with a ${last.type === 'submit' ? 'submission' : 'poll'} out`;
  return last.captchaId === null ? 'between two submissions' : 'with an id that was known';
}

function countTaskRuns(ledger: Ledger): void {
  for (const taskRun of ledger.taskRuns) {
    const phase = phaseOf(taskRun);
    if (phase !== null) ledger.count(`crash: task ${phase}`);
    if (taskRun.isResumed) ledger.count('task resumed by its id');
    ledger.count('submissions', submissionsOf(taskRun).length);
  }
}

function countDoubt({ ledger, batches }: Simulated): void {
  const known = (taskId: string): boolean =>
    ledger.acceptedFor(taskId).every(({ knownTo }) => [...knownTo].some((process) => process.startsWith('batch')));
  for (const { task } of batches.flatMap(({ items }) => items)) {
    const accepted = ledger.acceptedFor(task.taskId);
    if (accepted.length > 1) ledger.count('task accepted more than once');
    if (!known(task.taskId)) ledger.count('task of which an accepted id was never known');
  }
}

/** Counts events, to prove that the simulation is not empty. */
export function countWhatHappened(simulated: Simulated): void {
  const { ledger, schedule, endedMs } = simulated;
  for (const { byMs } of schedule.jumps.filter(({ atMs }) => atMs <= endedMs)) {
    ledger.count(byMs < 0 ? 'wall clock set back' : 'wall clock set forward');
  }
  ledger.count(
    'Retry-After heard',
    ledger.calls.filter(({ fault }) => fault !== null && fault.retryAfterMs !== null).length,
  );
  ledger.count('ids accepted', ledger.accepted.length);
  ledger.count(`schedule: shared by ${schedule.protection.sharing}`);
  countTaskRuns(ledger);
  countDoubt(simulated);
}

/** Adds the counts of one simulation to a total. */
export function addCounts(sum: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [event, count] of counts) sum.set(event, (sum.get(event) ?? 0) + count);
}

/** The counts as a table, by name. */
export function renderHistogram(counts: ReadonlyMap<string, number>): string {
  const most = Math.max(1, ...counts.values());
  const bar = (count: number): string => '#'.repeat(Math.ceil((30 * Math.log1p(count)) / Math.log1p(most)));
  return [...counts]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([event, count]) => `${event.padEnd(48)} ${String(count).padStart(9)} ${bar(count)}`)
    .join('\n');
}
