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

interface Cell {
  readonly about: Pick<TaskUsage, 'hour' | 'method' | 'region' | 'label'>;
  readonly counts: Changing<TaskCounts>;
  readonly solveTimes: Map<string, number>;
}

interface Hour {
  readonly cells: Map<string, Cell>;
  threads: number | null;
  readonly slots: Map<string, SlotLoad>;
}

export const noTasks: TaskCounts = {
  ...{ submissions: 0, bounced: 0, solved: 0, failed: 0 },
  ...{ possiblyCharged: 0, expired: 0, threadMs: 0 },
};

/** Adds usage by hour. The order of additions does not matter, except for the number of threads: the latest counts. */
export class UsageSums {
  readonly #hours = new Map<number, Hour>();

  get isEmpty(): boolean {
    return this.#hours.size === 0;
  }

  add(record: UsageRecord): void {
    if ('slots' in record) this.#addLoad(record);
    else this.addTasks(record, record.counts, record.solveTimes);
  }

  addTasks(
    about: Pick<TaskUsage, 'hour' | 'method' | 'region' | 'label'>,
    counts: Partial<TaskCounts>,
    solveTimes: TaskUsage['solveTimes'] = {},
  ): void {
    const cell = this.#cellOf(about);
    for (const name of Object.keys(counts) as (keyof TaskCounts)[]) cell.counts[name] += counts[name] ?? 0;
    for (const bucket of Object.keys(solveTimes)) {
      cell.solveTimes.set(bucket, (cell.solveTimes.get(bucket) ?? 0) + (solveTimes[bucket] ?? 0));
    }
  }

  records(): readonly UsageRecord[] {
    return [...this.#hours].flatMap(([hour, { cells, threads, slots }]) => {
      const tasks = [...cells.values()].map(({ about, counts, solveTimes }) => ({
        ...about,
        counts: { ...counts },
        solveTimes: Object.fromEntries(solveTimes),
      }));
      const load = { hour, threads, slots: Object.fromEntries(slots) };
      return threads === null && slots.size === 0 ? tasks : [...tasks, load];
    });
  }

  #addLoad({ hour, threads, slots }: LoadUsage): void {
    const known = this.#hourOf(hour);
    known.threads = threads ?? known.threads;
    for (const [slot, { busyMs, fullMs, workMs }] of Object.entries(slots)) {
      const before = known.slots.get(slot) ?? { busyMs: 0, fullMs: 0, workMs: 0 };
      known.slots.set(slot, {
        busyMs: before.busyMs + busyMs,
        fullMs: Math.max(before.fullMs, fullMs),
        workMs: Math.max(before.workMs, workMs),
      });
    }
  }

  #hourOf(hour: number): Hour {
    const known = this.#hours.get(hour) ?? { cells: new Map(), threads: null, slots: new Map() };
    this.#hours.set(hour, known);
    return known;
  }

  #cellOf({ hour, ...named }: Pick<TaskUsage, 'hour' | 'method' | 'region' | 'label'>): Cell {
    const { cells } = this.#hourOf(hour);
    const { method, region, label } = cells.size < maxCells || cells.has(keyOf(named)) ? named : otherTasks;
    const about = { hour, method, region, label };
    const key = keyOf(about);
    const cell = cells.get(key) ?? { about, counts: { ...noTasks }, solveTimes: new Map() };
    cells.set(key, cell);
    return cell;
  }
}

// No name contains a line feed: methods, regions and labels are one line each.
const keyOf = ({ method, region, label }: Pick<TaskUsage, 'method' | 'region' | 'label'>): string =>
  `${method}\n${region ?? ''}\n${label ?? ''}`;
