import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateLogError } from '../../domain/errors.ts';
import type { SolveEndpoint } from '../../ports/state.ts';
import { codeOf } from '../system/system-error.ts';
import { prepareFolder } from './log-folder.ts';
import { processId } from './process-identity.ts';

export interface SolveEndpointOptions {
  /** The folder of this user's state; null keeps what is learnt in this process. */
  readonly stateFolder: string | null;
  readonly baseUrl: string;
  /** What counts if nothing was recorded. */
  readonly isAssumed: boolean;
  /** False if only this process's own answers count. They are recorded for others all the same. */
  readonly isRead: boolean;
}

/** A service may get the endpoint later, or a proxy may have answered in its place. */
const absentForMs = 86_400_000;
const reading = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Whether a service has `/solve.php`, as one word in a file next to the solve times. A lost or torn file is only forgotten. */
export class SolveEndpointFile implements SolveEndpoint {
  readonly #options: SolveEndpointOptions;
  #exists: boolean | null = null;
  /** What this process has recorded. */
  #recorded: boolean | null = null;

  constructor(options: SolveEndpointOptions) {
    this.#options = options;
  }

  isKnown(): boolean {
    this.#exists ??= (this.#options.isRead ? this.#read() : null) ?? this.#options.isAssumed;
    return this.#exists;
  }

  record(exists: boolean): void {
    const isNews = this.#recorded !== exists;
    this.#exists = exists;
    this.#recorded = exists;
    if (isNews) this.#write(exists);
  }

  #path(stateFolder: string): string {
    // An address may hold a password.
    const digest = createHash('sha256').update(this.#options.baseUrl).digest('hex').slice(0, 16);
    return join(stateFolder, 'solve-times', `${digest}.solve-php`);
  }

  #read(): boolean | null {
    const { stateFolder } = this.#options;
    if (stateFolder === null) return null;
    return orNull(() => {
      const fd = openSync(this.#path(stateFolder), reading);
      try {
        const stats = fstatSync(fd);
        if (!stats.isFile() || stats.uid !== process.geteuid?.() || stats.size > 8) return null;
        const isFresh = Date.now() - stats.mtimeMs < absentForMs;
        const word = readFileSync(fd, 'utf8');
        return word === 'yes\n' ? true : word === 'no\n' && isFresh ? false : null;
      } finally {
        closeSync(fd);
      }
    });
  }

  #write(exists: boolean): void {
    const { stateFolder } = this.#options;
    if (stateFolder === null) return;
    orNull(() => {
      const path = this.#path(stateFolder);
      prepareFolder(join(stateFolder, 'solve-times'));
      const temporary = `${path}.${processId}.tmp`;
      writeFileSync(temporary, exists ? 'yes\n' : 'no\n', { mode: 0o600, flag: 'wx' });
      renameSync(temporary, path);
    });
  }
}

/** Null if the file system fails: then nothing is shared. */
function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof StateLogError || codeOf(error) !== null) return null;
    throw error;
  }
}
