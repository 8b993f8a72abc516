/** What was counted of tasks. Sums of two are exact: all are whole numbers. */
export interface TaskCounts {
  /** Submissions that were sent, those that the service bounced included. */
  readonly submissions: number;
  /** Submissions that the service refused because all threads were busy. */
  readonly bounced: number;
  readonly solved: number;
  readonly failed: number;
  readonly possiblyCharged: number;
  /** Solutions that had expired when they were fetched. */
  readonly expired: number;
  /** Time for which threads worked for the tasks, in ms. */
  readonly threadMs: number;
}

/** The tasks of one method, region and label in one hour. */
export interface TaskUsage {
  /** Hours since 1970, UTC. */
  readonly hour: number;
  readonly method: string;
  readonly region: string | null;
  readonly label: string | null;
  readonly counts: TaskCounts;
  /** Solved tasks by their solve time: counts of the buckets of `Quantiles`. */
  readonly solveTimes: Readonly<Record<string, number>>;
}

/** What was seen of the threads of the account in one slot of an hour, in ms. */
export interface SlotLoad {
  /** Time for which threads worked: the sum over processes. */
  readonly busyMs: number;
  /** Time at the limit, and time with tasks in work: the most that one process saw. */
  readonly fullMs: number;
  readonly workMs: number;
}

/** The threads of the account in one hour. */
export interface LoadUsage {
  readonly hour: number;
  /** As the service last said; null if it did not. */
  readonly threads: number | null;
  /** By the number of the slot in the hour, from 0. */
  readonly slots: Readonly<Record<string, SlotLoad>>;
}

export type UsageRecord = TaskUsage | LoadUsage;

export const hourMs = 3_600_000;
/** A slot of an hour: long enough that a month is small, short enough for the threads that a burst needs. */
export const slotMs = 20_000;
export const slotsPerHour = hourMs / slotMs;

/** Further methods, regions and labels of an hour are counted together: a label per job must not grow without a bound. */
const maxCells = 400;
export const otherTasks = { method: 'other', region: null, label: null };

type Changing<T> = { -readonly [Key in keyof T]: T[Key] };
type Named = Pick<TaskUsage, 'method' | 'region' | 'label'>;

/** The sums of one method, region and label in one hour. */
export interface TaskSums extends Named {
  readonly counts: Changing<TaskCounts>;
  readonly solveTimes: Map<number, number>;
}

interface Hour {
  readonly cells: Map<string, TaskSums>;
  threads: number | null;
  readonly slots: Map<number, Changing<SlotLoad>>;
}

export const noTasks: TaskCounts = {
  ...{ submissions: 0, bounced: 0, solved: 0, failed: 0 },
  ...{ possiblyCharged: 0, expired: 0, threadMs: 0 },
};
const countNames = Object.keys(noTasks) as readonly (keyof TaskCounts)[];

/** Adds one to the count of a solve time. */
export function countTime(times: TaskSums['solveTimes'], bucket: number, count = 1): void {
  times.set(bucket, (times.get(bucket) ?? 0) + count);
}

/** Adds usage by hour. The order of additions does not matter, except for the number of threads: the latest counts. */
export class UsageSums {
  readonly #hours = new Map<number, Hour>();

  get isEmpty(): boolean {
    return this.#hours.size === 0;
  }

  add(record: UsageRecord): void {
    if ('slots' in record) this.#addLoad(record);
    else this.#addTasks(record);
  }

  #addTasks(record: TaskUsage): void {
    const { counts, solveTimes } = this.tasks(record.hour, record);
    for (const name of countNames) counts[name] += record.counts[name];
    for (const [bucket, count] of Object.entries(record.solveTimes)) countTime(solveTimes, Number(bucket), count);
  }

  /** The sums of a method, region and label, to be added to. */
  tasks(hour: number, named: Named): TaskSums {
    const { cells } = this.#hourOf(hour);
    const own = cells.get(keyOf(named));
    if (own !== undefined) return own;
    const { method, region, label } = cells.size < maxCells ? named : otherTasks;
    const key = keyOf({ method, region, label });
    const cell = cells.get(key) ?? { method, region, label, counts: { ...noTasks }, solveTimes: new Map() };
    cells.set(key, cell);
    return cell;
  }

  /** The load of a slot, to be added to. */
  slot(hour: number, slot: number): Changing<SlotLoad> {
    const { slots } = this.#hourOf(hour);
    const load = slots.get(slot) ?? { busyMs: 0, fullMs: 0, workMs: 0 };
    slots.set(slot, load);
    return load;
  }

  setThreads(hour: number, threads: number): void {
    this.#hourOf(hour).threads = threads;
  }

  records(): readonly UsageRecord[] {
    return [...this.#hours].flatMap(([hour, { cells, threads, slots }]) => {
      const tasks = [...cells.values()].map(({ counts, solveTimes, ...named }) => ({
        hour,
        ...named,
        counts: { ...counts },
        solveTimes: Object.fromEntries(solveTimes),
      }));
      const load = { hour, threads, slots: Object.fromEntries(slots) };
      return threads === null && slots.size === 0 ? tasks : [...tasks, load];
    });
  }

  #addLoad({ hour, threads, slots }: LoadUsage): void {
    if (threads !== null) this.setThreads(hour, threads);
    for (const [number, { busyMs, fullMs, workMs }] of Object.entries(slots)) {
      const load = this.slot(hour, Number(number));
      load.busyMs += busyMs;
      load.fullMs = Math.max(load.fullMs, fullMs);
      load.workMs = Math.max(load.workMs, workMs);
    }
  }

  #hourOf(hour: number): Hour {
    const known = this.#hours.get(hour);
    if (known !== undefined) return known;
    const made = { cells: new Map(), threads: null, slots: new Map() };
    this.#hours.set(hour, made);
    return made;
  }
}

// No name contains a line feed: methods, regions and labels are one line each.
const keyOf = ({ method, region, label }: Named): string => `${method}\n${region ?? ''}\n${label ?? ''}`;
