import {
  countTime,
  noTasks,
  otherTasks,
  type SlotLoad,
  type TaskCounts,
  type UsageRecord,
  UsageSums,
} from '../../domain/usage.ts';
import type { Clock } from '../../ports/system.ts';
import { accountKey, ScriptConnection } from './script-connection.ts';
import { usageScript } from './usage-script.ts';

export interface RedisUsageOptions {
  /** `redis://user:password@host:port/database`, or `rediss://`. */
  readonly url: string;
  readonly baseUrl: string;
  readonly accountId: string;
  /** Fields of an hour, from which on further methods, regions and labels are counted together. */
  readonly maxFields?: number;
}

/** A little more than a month. */
const keptMs = 32 * 86_400_000;
/** There are up to about fifty fields for each method, region and label. */
const usualFields = 20_000;
/** For all of an hour, in ms. */
const readWithinMs = 10_000;
/** Hours that are read at once. */
const readAtOnce = 24;

const nameOf = ({ method, region, label }: Parameters<UsageSums['tasks']>[1]): string =>
  JSON.stringify([method, region, label]);

function requestOf(records: readonly UsageRecord[], maxFields: number): object {
  const tasks: [name: string, counts: Record<string, number>][] = [];
  const slots: [slot: string, busyMs: number, fullMs: number, workMs: number][] = [];
  let threads: number | null = null;
  for (const record of records) {
    if ('slots' in record) {
      threads = record.threads ?? threads;
      for (const [slot, { busyMs, fullMs, workMs }] of Object.entries(record.slots))
        slots.push([slot, busyMs, fullMs, workMs]);
    } else {
      const times = Object.entries(record.solveTimes).map(([bucket, count]) => [`t${bucket}`, count] as const);
      tasks.push([nameOf(record), { ...record.counts, ...Object.fromEntries(times) }]);
    }
  }
  return { tasks, slots, ...(threads !== null && { threads }), keptMs, maxFields, other: nameOf(otherTasks) };
}

function loadOf(text: string): SlotLoad {
  const [busyMs = 0, fullMs = 0, workMs = 0] = text.split(' ').map(Number);
  return { busyMs, fullMs, workMs };
}

/** Adds one field of the hash of an hour. */
function addField(sums: UsageSums, hour: number, [field, value]: readonly [string, string]): void {
  const slot = /^s(\d+)$/.exec(field)?.[1];
  if (field === 'threads') sums.setThreads(hour, Number(value));
  else if (slot === undefined) addCount(sums, hour, [field, value]);
  else sums.add({ hour, threads: null, slots: { [slot]: loadOf(value) } });
}

function addCount(sums: UsageSums, hour: number, [field, value]: readonly [string, string]): void {
  const [what = '', ...name] = field.split(' ');
  const [method, region, label] = JSON.parse(name.join(' ')) as [string, string | null, string | null];
  const { counts, solveTimes } = sums.tasks(hour, { method, region, label });
  if (what in noTasks) counts[what as keyof TaskCounts] += Number(value);
  else if (/^t\d+$/.test(what)) countTime(solveTimes, Number(what.slice(1)), Number(value));
}

/** The use of an account by a fleet in Redis, one hash per hour. Every method throws `RemoteUnavailableError`. */
export class RedisUsage {
  readonly #connection: ScriptConnection;
  readonly #key: string;
  readonly #maxFields: number;

  constructor({ url, maxFields = usualFields, ...account }: RedisUsageOptions, deps: { clock: Clock }) {
    this.#maxFields = maxFields;
    this.#key = accountKey(account, 'usage');
    this.#connection = new ScriptConnection({ url, script: usageScript }, deps);
  }

  /** One request per hour. A request without an answer may have been applied. */
  async add(hour: number, records: readonly UsageRecord[]): Promise<void> {
    await this.#connection.run(`${this.#key}:${hour}`, ['add', JSON.stringify(requestOf(records, this.#maxFields))]);
  }

  async read(sinceHour: number, untilHour: number): Promise<readonly UsageRecord[]> {
    const sums = new UsageSums();
    for (let from = sinceHour; from <= untilHour; from += readAtOnce) {
      const hours = Array.from({ length: Math.min(readAtOnce, untilHour - from + 1) }, (_, index) => from + index);
      await Promise.all(hours.map((hour) => this.#addHour(hour, sums)));
    }
    return sums.records();
  }

  close(): void {
    this.#connection.close();
  }

  async #addHour(hour: number, sums: UsageSums): Promise<void> {
    const fields = (await this.#connection.run(
      `${this.#key}:${hour}`,
      ['read', ''],
      readWithinMs,
    )) as readonly string[];
    for (let at = 0; at + 1 < fields.length; at += 2) addField(sums, hour, [fields[at] ?? '', fields[at + 1] ?? '']);
  }
}
