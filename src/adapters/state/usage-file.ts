import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hourMs, noTasks, type SlotLoad, type TaskCounts, type UsageRecord, UsageSums } from '../../domain/usage.ts';
import type { UsageLog } from '../../ports/state.ts';
import { appendLines, joinedLines, linesIn, removeAbandoned, UntilFailure } from './line-file.ts';
import { type LogOwner, ownerDigest } from './log-folder.ts';
import { openedSeal, sealLine } from './sealed-line.ts';
import { readOwnFile, replaceFile } from './service-file.ts';

export interface UsageFileOptions extends LogOwner {
  /** The wall clock, in epoch ms. */
  readonly timestamp: () => number;
  /** Called once, with the reason, if the files cannot be used. */
  readonly onUnavailable: (message: string) => void;
}

/** A line of tasks without its seal: hour, method, region, label, counts in the order of `countNames`, solve times. */
interface TaskLine {
  readonly h: number;
  readonly m: string;
  readonly r?: string;
  readonly l?: string;
  readonly n: readonly number[];
  readonly t?: Readonly<Record<string, number>>;
}

/** A line of threads: hour, threads of the account, and of each slot the time busy, full, and with tasks in work. */
interface LoadLine {
  readonly h: number;
  readonly a?: number;
  readonly s: Readonly<Record<string, readonly [busyMs: number, fullMs: number, workMs: number]>>;
}

const countNames = Object.keys(noTasks) as readonly (keyof TaskCounts)[];
/** A little more than a month. */
const keptHours = 32 * 24;
/** Files of an hour that are smaller are left as they are. */
const smallBytes = 16_384;
/** Hundreds of processes write less in an hour. */
const maxBytes = 256 * 1024 * 1024;

function lineOf(record: UsageRecord): Buffer {
  if ('slots' in record) {
    const { hour: h, threads, slots } = record;
    const s = Object.fromEntries(
      Object.entries(slots).map(([slot, { busyMs, fullMs, workMs }]) => [slot, [busyMs, fullMs, workMs] as const]),
    );
    return sealLine({ h, ...(threads !== null && { a: threads }), s } satisfies LoadLine);
  }
  const { hour: h, method: m, region, label, counts, solveTimes: t } = record;
  const named = { ...(region !== null && { r: region }), ...(label !== null && { l: label }) };
  const n = countNames.map((name) => counts[name]);
  return sealLine({ h, m, ...named, n, ...(Object.keys(t).length > 0 && { t }) } satisfies TaskLine);
}

const encoded = (records: readonly UsageRecord[]): Buffer => joinedLines(records.map(lineOf));

function slotsOf({ s }: LoadLine): Readonly<Record<string, SlotLoad>> {
  return Object.fromEntries(
    Object.entries(s).map(([slot, [busyMs, fullMs, workMs]]) => [slot, { busyMs, fullMs, workMs }]),
  );
}

/** The record of a line; null for a damaged one. What a seal covers was written by this program. */
function recordOf(line: Buffer): UsageRecord | null {
  const open = openedSeal(line);
  if (open === null) return null;
  const value = JSON.parse(`${open}}`) as TaskLine | LoadLine;
  if ('s' in value) return { hour: value.h, threads: value.a ?? null, slots: slotsOf(value) };
  const { h, m, r, l, n, t = {} } = value;
  const counts = Object.fromEntries(countNames.map((name, index) => [name, n[index] ?? 0]));
  return { hour: h, method: m, region: r ?? null, label: l ?? null, counts: { ...noTasks, ...counts }, solveTimes: t };
}

function* recordsIn(bytes: Buffer): Generator<UsageRecord> {
  for (const line of linesIn(bytes)) {
    const record = recordOf(line);
    if (record !== null) yield record;
  }
}

/**
 * The use of an account in files of one hour each. Any number of processes of one user append to the file of the hour without
 * a lock: one write(2) for several lines, each with a checksum. The process that begins a file rewrites those of hours that
 * are over as sums, by rename, and removes old ones. No process writes to such a file any more, so nothing is lost.
 */
export class UsageFile implements UsageLog {
  readonly #options: UsageFileOptions;
  readonly #folder: string;
  /** After the first failure nothing is stored or read any more. */
  readonly #untilFailure: UntilFailure;

  constructor(options: UsageFileOptions) {
    this.#options = options;
    this.#untilFailure = new UntilFailure(options.onUnavailable);
    this.#folder = join(options.stateFolder, 'usage', ownerDigest(options));
  }

  append(records: readonly UsageRecord[]): void {
    this.#untilFailure.run(() => this.#append(records), undefined);
  }

  read(sinceHour: number): readonly UsageRecord[] {
    const files = this.#untilFailure.run(() => this.#hours(), []).filter((hour) => hour >= sinceHour);
    const records = files.flatMap((hour) => this.#untilFailure.run(() => this.#sumsOf(hour), []));
    return records.filter(({ hour }) => hour >= sinceHour);
  }

  #pathOf(hour: number): string {
    return join(this.#folder, `${hour}.log`);
  }

  #append(records: readonly UsageRecord[]): void {
    const hour = Math.floor(this.#options.timestamp() / hourMs);
    if (appendLines(this.#pathOf(hour), encoded(records)) === 0) this.#tidy(hour);
  }

  /** The hours of which there are files, the oldest first. */
  #hours(): readonly number[] {
    const names = statSync(this.#folder, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(this.#folder);
    return names
      .flatMap((name) => Number(/^(\d+)\.log$/.exec(name)?.[1] ?? []))
      .filter((hour) => hour > 0)
      .sort((a, b) => a - b);
  }

  #sumsOf(hour: number): readonly UsageRecord[] {
    const sums = new UsageSums();
    for (const record of recordsIn(readOwnFile(this.#pathOf(hour), maxBytes)?.bytes ?? Buffer.alloc(0)))
      sums.add(record);
    return sums.records();
  }

  /** The file of the hour before this one may still get a line of a process that has just looked at its clock. */
  #tidy(hour: number): void {
    for (const past of this.#hours().filter((each) => each < hour - 1)) {
      const path = this.#pathOf(past);
      const { size = 0, mtimeMs = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {};
      if (past < hour - keptHours) rmSync(path, { force: true });
      // A later file is one that was compacted.
      else if (size > smallBytes && mtimeMs < (past + 2) * hourMs) replaceFile(path, encoded(this.#sumsOf(past)));
    }
    removeAbandoned(this.#folder);
  }
}
