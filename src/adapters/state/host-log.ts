import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { codeOf } from '../system/system-error.ts';
import { StateLogError } from '../../domain/errors.ts';
import type { LogState, LogWriter, SharedLog } from '../../ports/state.ts';
import {
  createGeneration,
  encodeLines,
  type GenerationHeader,
  generationPath,
  generationsIn,
  type LogLine,
  logVersion,
  prune,
  readSealed,
} from './generations.ts';
import { hostNowMs } from './host-clock.ts';
import { prepareFolder, removeEarlierBoots } from './log-folder.ts';
import { isProcessDead, processId } from './process-identity.ts';

export interface HostLogOptions {
  readonly folder: string;
  /** A generation is sealed above this size, which limits what a new process has to read. */
  readonly generationBytes?: number;
  /** Who writes, for the audit. */
  readonly writer?: LogWriter;
}

const defaultGenerationBytes = 32_768;
/** Limit of a line and of a header. */
const bufferBytes = 65_536;
/** All processes share one clock: an entry from further ahead comes from another machine. */
const maxAheadMs = 1_000;
const newline = 0x0a;
const flags = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW;

let written = 0;

/** The lines of this process that it has not read back yet. */
interface OwnLines<Answer> {
  readonly firstN: number;
  readonly answers: Answer[];
}

/**
 * A log in files to which any number of processes of one user and one boot append, without a lock.
 *
 * An entry is written by one write(2) to a descriptor with O_APPEND, so the kernel puts all entries in one order. Every
 * process applies all entries in that order, and so knows the answer to its own entry when it has read up to it. Above
 * a certain size a file is sealed. Lines after the seal are void, and are written again to the next file, whose header
 * is the state at the seal and identical for every writer. A process that is killed or stopped at any point leaves
 * nothing that others have to wait for.
 */
export class HostLog<Entry, Answer> implements SharedLog<Entry, Answer> {
  readonly #folder: string;
  readonly #generationBytes: number;
  readonly #about: { readonly writer?: LogWriter };
  readonly #state: LogState<Entry, Answer>;
  readonly #buffer = Buffer.allocUnsafe(bufferBytes);
  #fd = -1;
  #generation = -1;
  #position = 0;
  #own: OwnLines<Answer> | null = null;

  /** Opens the log, or starts it with the given state. Throws `StateLogError`. */
  constructor(options: HostLogOptions, state: LogState<Entry, Answer>) {
    const { folder, generationBytes = defaultGenerationBytes, writer } = options;
    this.#folder = folder;
    this.#generationBytes = generationBytes;
    this.#about = writer === undefined ? {} : { writer };
    this.#state = state;
    this.#orLost(() => this.#begin());
  }

  catchUp(): void {
    this.#orLost(() => this.#drain());
  }

  append(entries: readonly Entry[]): readonly Answer[] {
    if (entries.length === 0) return [];
    return this.#orLost(() => {
      if (fstatSync(this.#fd).nlink === 0) this.#begin();
      for (;;) {
        const answers = this.#tryAppend(entries);
        if (answers !== null) return answers;
      }
    });
  }

  isProcessDead(writer: string): boolean {
    return isProcessDead(writer);
  }

  close(): void {
    if (this.#fd !== -1) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Null if the file was sealed before these lines: they are void, and the log continues in another file. */
  #tryAppend(entries: readonly Entry[]): readonly Answer[] | null {
    const generation = this.#generation;
    const own: OwnLines<Answer> = { firstN: written + 1, answers: [] };
    this.#own = own;
    this.#write(entries.map((entry) => ({ entry })));
    this.#drain();
    this.#own = null;
    if (own.answers.length === entries.length) {
      if (this.#position > this.#generationBytes) this.#seal();
      return own.answers;
    }
    if (this.#generation === generation) throw new StateLogError(`${this.#folder}: written data cannot be read back`);
    return null;
  }

  #write(lines: readonly Pick<LogLine<Entry>, 'entry' | 'sealed'>[]): void {
    const at = hostNowMs();
    const bytes = encodeLines(lines.map((line) => ({ at, by: processId, n: (written += 1), ...this.#about, ...line })));
    if (writeSync(this.#fd, bytes) < bytes.length) throw new StateLogError(`${this.#folder}: the disk is full`);
  }

  #seal(): void {
    this.#write([{ sealed: true }]);
    this.#drain();
  }

  /** Applies all lines that are in the file. */
  #drain(): void {
    for (;;) {
      const read = readSync(this.#fd, this.#buffer, 0, bufferBytes, this.#position);
      if (read === 0) return;
      const bytes = this.#buffer.subarray(0, read);
      const end = bytes.lastIndexOf(newline) + 1;
      if (end === 0 && read === bufferBytes) throw new StateLogError(`${this.#folder}: not a valid log`);
      if (this.#applyLines(bytes.subarray(0, end))) this.#follow();
      else if (read < bufferBytes) return;
    }
  }

  /** Returns true if the file is sealed. Incomplete lines are ignored. */
  #applyLines(bytes: Buffer): boolean {
    const latestMs = hostNowMs() + maxAheadMs;
    let from = 0;
    for (let to = bytes.indexOf(newline); to !== -1; to = bytes.indexOf(newline, from)) {
      const line = to > from ? (readSealed(bytes.subarray(from, to)) as LogLine<Entry> | null) : null;
      from = to + 1;
      if (line === null) continue;
      if (line.at > latestMs) throw new StateLogError(`${this.#folder}: the log was written with another clock`);
      if (line.sealed === true) return true;
      if (line.entry !== undefined) this.#apply(line, line.entry);
    }
    this.#position += bytes.length;
    return false;
  }

  #apply({ at, by, n }: LogLine<Entry>, entry: Entry): void {
    const answer = this.#state.apply({ entry, atMs: at, by });
    if (by === processId && this.#own !== null && n >= this.#own.firstN) this.#own.answers.push(answer);
  }

  #begin(): void {
    prepareFolder(this.#folder);
    if (generationsIn(this.#folder).length === 0) {
      this.#create(0);
      removeEarlierBoots(this.#folder);
    }
    this.#openNewest();
    this.#drain();
  }

  /**
   * Continues with the newest file, and creates the next one only if there is none after the sealed file. A process
   * that was suspended for long must not use a file that it has just created from an old state, so it looks for the
   * newest file again.
   */
  #follow(): void {
    const sealed = this.#generation;
    if ((generationsIn(this.#folder).at(-1) ?? -1) <= sealed) this.#create(sealed + 1);
    this.#openNewest();
  }

  #create(generation: number): void {
    createGeneration(this.#folder, { version: logVersion, generation, state: this.#state.snapshot() });
    prune(this.#folder);
  }

  #openNewest(): void {
    for (;;) {
      const newest = generationsIn(this.#folder).at(-1) ?? 0;
      try {
        this.#open(newest);
        return;
      } catch (error) {
        // Other processes may have continued and removed it.
        if (codeOf(error) !== 'ENOENT' || generationsIn(this.#folder).at(-1) === newest) throw error;
      }
    }
  }

  #open(generation: number): void {
    const fd = openSync(generationPath(this.#folder, generation), flags);
    this.close();
    this.#fd = fd;
    if (fstatSync(fd).uid !== process.geteuid?.()) throw new StateLogError(`${this.#folder} belongs to another user`);
    const bytes = this.#buffer.subarray(0, readSync(fd, this.#buffer, 0, bufferBytes, 0));
    const end = bytes.indexOf(newline);
    const header = end === -1 ? null : (readSealed(bytes.subarray(0, end)) as GenerationHeader | null);
    if (header?.version !== logVersion)
      throw new StateLogError(`${this.#folder}: the log is damaged or has another version`);
    this.#state.restore(header.state);
    this.#generation = generation;
    this.#position = end + 1;
  }

  #orLost<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof StateLogError || codeOf(error) === null) throw error;
      throw new StateLogError(`${this.#folder}: ${error instanceof Error ? error.message : ''}`, { cause: error });
    }
  }
}
