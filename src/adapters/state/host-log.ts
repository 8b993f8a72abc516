import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { codeOf } from '../system/system-error.ts';
import { StateLogError } from '../../domain/errors.ts';
import type { LogState, LogWriter, SharedLog } from '../../ports/state.ts';
import {
  checkGenerationSize,
  createGeneration,
  damagedLog,
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
import { isFileError } from './service-file.ts';

export interface HostLogOptions {
  readonly folder: string;
  /** A generation is sealed above this size, which limits what a new process has to read. */
  readonly generationBytes?: number;
  /** Who writes, for the audit. */
  readonly writer?: LogWriter;
}

const defaultGenerationBytes = 32_768;
/** Size of the buffer for reading; a line that is longer makes it grow. */
const bufferBytes = 65_536;
/** Limit of a line and of a header, which holds one entry for each submission in flight. */
const maxLineBytes = 16 * 1024 * 1024;
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
  #buffer = Buffer.allocUnsafe(bufferBytes);
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
    try {
      this.#write(entries.map((entry) => ({ entry })));
      this.#drain();
    } catch (error) {
      // The entries are in the log and applied. The next call reports what failed after that.
      if (own.answers.length < entries.length) throw error;
    } finally {
      this.#own = null;
    }
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

  /** Ends the file. A full disk leaves it longer than it should be until a later entry ends it. */
  #seal(): void {
    try {
      this.#write([{ sealed: true }]);
      this.#drain();
    } catch (error) {
      if (!isFileError(error)) throw error;
    }
  }

  /** Applies all lines that are in the file. */
  #drain(): void {
    for (;;) {
      const read = readSync(this.#fd, this.#buffer, 0, this.#buffer.length, this.#position);
      if (read === 0) return;
      const bytes = this.#buffer.subarray(0, read);
      const end = bytes.lastIndexOf(newline) + 1;
      if (end === 0 && read === this.#buffer.length) this.#growBuffer();
      else if (this.#applyLines(bytes.subarray(0, end))) this.#follow();
      else if (read < this.#buffer.length) return;
    }
  }

  #growBuffer(): void {
    const { length } = this.#buffer;
    if (length >= maxLineBytes) throw new StateLogError(`${this.#folder}: not a valid log`);
    this.#buffer = Buffer.allocUnsafe(2 * length);
  }

  /** The first line of a file without its newline; null if it is incomplete. */
  #firstLine(fd: number): Buffer | null {
    for (;;) {
      const bytes = this.#buffer.subarray(0, readSync(fd, this.#buffer, 0, this.#buffer.length, 0));
      const end = bytes.indexOf(newline);
      if (end !== -1) return bytes.subarray(0, end);
      if (bytes.length < this.#buffer.length) return null;
      this.#growBuffer();
    }
  }

  /** Returns true if the file is sealed. Incomplete lines are ignored. */
  #applyLines(bytes: Buffer): boolean {
    const latestMs = hostNowMs() + maxAheadMs;
    const start = this.#position;
    let from = 0;
    for (let to = bytes.indexOf(newline); to !== -1; to = bytes.indexOf(newline, from)) {
      const line = to > from ? (readSealed(bytes.subarray(from, to)) as LogLine<Entry> | null) : null;
      if (line !== null && line.at > latestMs) {
        throw new StateLogError(`${this.#folder}: the log was written with another clock`);
      }
      // If the next file cannot be made now, the seal is read again.
      if (line?.sealed === true) return true;
      from = to + 1;
      // No line is applied again, whatever fails after it.
      this.#position = start + from;
      if (line?.entry !== undefined) this.#apply(line, line.entry);
    }
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
    const { uid, size } = fstatSync(fd);
    if (uid !== process.geteuid?.()) throw new StateLogError(`${this.#folder} belongs to another user`);
    checkGenerationSize(this.#folder, size);
    const line = this.#firstLine(fd);
    const header = line === null ? null : (readSealed(line) as GenerationHeader | null);
    if (line === null || header?.version !== logVersion) throw damagedLog(this.#folder);
    this.#state.restore(header.state);
    this.#generation = generation;
    this.#position = line.length + 1;
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
