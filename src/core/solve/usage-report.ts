import {
  type LoadUsage,
  noTasks,
  slotMs,
  type TaskCounts,
  type TaskUsage,
  type UsageRecord,
  UsageSums,
} from '../../domain/usage.ts';
import { Quantiles } from './quantiles.ts';

/** Counts of tasks and what follows from them. */
export interface UsageFigures extends Omit<TaskCounts, 'threadMs' | 'submissions'> {
  /** Without those that were bounced. */
  readonly submissions: number;
  /** Solved tasks as a share of the finished ones, 0..1; null without any. */
  readonly solveRate: number | null;
  /** Time from the first submission of a task to its solution, in ms, accurate to 5 %; null without any. */
  readonly solveMs: { readonly p50: number | null; readonly p95: number | null };
  /** Time for which threads worked, in s. */
  readonly threadSeconds: number;
}

export interface UsageRow extends UsageFigures {
  readonly method: string;
  readonly region: string | null;
  readonly label: string | null;
  /** Of the thread seconds of all rows, 0..1; null if there are none. */
  readonly share: number | null;
}

/** How the threads of the account were used. */
export interface ThreadReport {
  /** The threads of the account; null if the service did not tell. */
  readonly threads: number | null;
  /** Share of the time with tasks in work in which no thread was free, 0..1; null without such a time. */
  readonly saturation: number | null;
  /** Time with tasks in work, in s. */
  readonly workSeconds: number;
  /** Busy threads in the time with tasks in work, on average; null without such a time. */
  readonly meanBusy: number | null;
  /** The most busy threads: the average of those 20 s in which it was highest; null without any. */
  readonly peakBusy: number | null;
}

/** Whether the plan fits what was used. */
export type PlanFit = 'too-small' | 'too-big' | 'fits' | 'unknown';

export interface UsageReport {
  readonly rows: readonly UsageRow[];
  readonly total: UsageFigures;
  readonly threads: ThreadReport;
  readonly plan: {
    readonly fit: PlanFit;
    /** Threads that would be enough; null unless the plan is too big. */
    readonly enough: number | null;
  };
}

/** At the limit for this share of the time, tasks wait for threads often. */
const smallPlan = 0.2;
/** A plan is too big if it is never full, and this share of it was the most that was used. */
const bigPlan = { saturation: 0.01, peak: 0.5 };
/** Of the time with tasks in work in a slot: a shorter one says little. */
const shortestMs = slotMs / 4;
/** Threads that are kept in reserve above the most that were used in 20 s, as a factor: within them there are peaks, too. */
const reserve = 1.5;

function figuresOf(all: readonly TaskUsage[]): UsageFigures {
  const counts = { ...noTasks } as Record<keyof TaskCounts, number>;
  const times = new Quantiles();
  for (const each of all) {
    for (const name of Object.keys(counts) as (keyof TaskCounts)[]) counts[name] += each.counts[name];
    times.addCounts(each.solveTimes);
  }
  const { threadMs, ...others } = counts;
  const finished = counts.solved + counts.failed;
  return {
    ...others,
    submissions: counts.submissions - counts.bounced,
    solveRate: finished === 0 ? null : counts.solved / finished,
    solveMs: { p50: times.at(0.5), p95: times.at(0.95) },
    threadSeconds: threadMs / 1_000,
  };
}

const groupOf = ({ method, region, label }: TaskUsage): string => JSON.stringify([method, region, label]);

function rowsOf(tasks: readonly TaskUsage[]): readonly UsageRow[] {
  const groups = new Map<string, TaskUsage[]>();
  for (const task of tasks) {
    const group = groups.get(groupOf(task)) ?? [];
    groups.set(groupOf(task), group);
    group.push(task);
  }
  const seconds = tasks.reduce((sum, { counts }) => sum + counts.threadMs, 0) / 1_000;
  const rows = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const figures = figuresOf(group);
    const { method, region, label } = first;
    return [{ method, region, label, ...figures, share: seconds === 0 ? null : figures.threadSeconds / seconds }];
  });
  return rows.toSorted(
    (a, b) =>
      b.threadSeconds - a.threadSeconds || b.submissions - a.submissions || (groupName(a) < groupName(b) ? -1 : 1),
  );
}

const groupName = ({ method, region, label }: UsageRow): string => `${method} ${region ?? ''} ${label ?? ''}`;

function threadsOf(loads: readonly LoadUsage[]): ThreadReport {
  const known = loads.toSorted((a, b) => a.hour - b.hour).flatMap(({ threads }) => threads ?? []);
  const slots = loads.flatMap((load) => Object.values(load.slots));
  const sumOf = (name: 'busyMs' | 'fullMs' | 'workMs'): number => slots.reduce((sum, slot) => sum + slot[name], 0);
  const [busyMs, fullMs, workMs] = [sumOf('busyMs'), sumOf('fullMs'), sumOf('workMs')];
  const threads = known.at(-1) ?? null;
  const peak = slots.reduce((most, slot) => Math.max(most, slot.busyMs / Math.max(slot.workMs, shortestMs)), 0);
  // When a task was solved is an estimate.
  const possible = (busy: number): number => Math.min(busy, threads ?? Infinity);
  return {
    threads,
    saturation: workMs === 0 ? null : fullMs / workMs,
    workSeconds: workMs / 1_000,
    meanBusy: workMs === 0 ? null : possible(busyMs / workMs),
    peakBusy: peak === 0 ? null : possible(peak),
  };
}

function planOf({ threads, saturation, peakBusy }: ThreadReport): UsageReport['plan'] {
  if (saturation !== null && saturation >= smallPlan) return { fit: 'too-small', enough: null };
  if (threads === null || peakBusy === null || saturation === null) return { fit: 'unknown', enough: null };
  if (saturation >= bigPlan.saturation || peakBusy > bigPlan.peak * threads) return { fit: 'fits', enough: null };
  const enough = Math.ceil(reserve * peakBusy);
  return enough < threads ? { fit: 'too-big', enough } : { fit: 'fits', enough: null };
}

/** What records say of the use of an account. `threadCount`: the threads of the account, if no record says. */
export function usageReport(records: readonly UsageRecord[], threadCount: number | null = null): UsageReport {
  const sums = new UsageSums();
  for (const record of records) sums.add(record);
  const added = sums.records();
  const tasks = added.filter((record): record is TaskUsage => !('slots' in record));
  const seen = threadsOf(added.filter((record): record is LoadUsage => 'slots' in record));
  const threads = { ...seen, threads: seen.threads ?? threadCount };
  return { rows: rowsOf(tasks), total: figuresOf(tasks), threads, plan: planOf(threads) };
}
