import type { SolveEndpoint } from '../../ports/state.ts';
import { readOwnFile, replaceServiceFile, type ServicePlace, withServiceFile } from './service-file.ts';

/** Without a state folder, what is learnt stays in this process. */
export interface SolveEndpointOptions extends ServicePlace {
  /** What counts if nothing was recorded. */
  readonly isAssumed: boolean;
  /** False if only this process's own answers count. They are recorded for others all the same. */
  readonly isRead: boolean;
}

const ending = 'solve-php';
/** A service may get the endpoint later, or a proxy may have answered in its place. */
const absentForMs = 86_400_000;
/** Longer than either word. */
const maxBytes = 8;

/** Records in a file whether a service has `/solve.php`. A lost or damaged file counts as no record. */
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

  #read(): boolean | null {
    return withServiceFile(this.#options, ending, (path) => {
      const { bytes, modifiedAt } = readOwnFile(path, maxBytes) ?? { bytes: '', modifiedAt: 0 };
      const word = bytes.toString();
      if (word === 'yes\n') return true;
      return word === 'no\n' && Date.now() - modifiedAt < absentForMs ? false : null;
    });
  }

  #write(exists: boolean): void {
    withServiceFile(this.#options, ending, (path) => replaceServiceFile(path, exists ? 'yes\n' : 'no\n'));
  }
}
