import type { OutputStream } from '../../../src/cli/terminal.ts';

export interface FakeStreamParts {
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Number of writes that succeed before every later one fails with `error`. */
  readonly writesBeforeError?: number;
  readonly error?: Error;
}

/** An error like those of Node's streams. */
export function systemError(code: string, syscall = 'write'): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

/** A stream that records its writes. */
export class FakeStream implements OutputStream {
  readonly isTTY: boolean;
  readonly columns: number;
  text = '';
  /** The cursor methods of a screen, for spinners. */
  readonly cursorTo = (): boolean => true;
  readonly clearLine = (): boolean => true;
  readonly moveCursor = (): boolean => true;
  readonly #error: Error;
  #writesLeft: number;

  constructor({ isTTY = false, columns = 80, writesBeforeError = Infinity, error }: FakeStreamParts = {}) {
    this.isTTY = isTTY;
    this.columns = columns;
    this.#error = error ?? systemError('EPIPE');
    this.#writesLeft = writesBeforeError;
  }

  write(text: string, done?: (error?: Error | null) => void): boolean {
    this.#writesLeft -= 1;
    if (this.#writesLeft >= 0) this.text += text;
    done?.(this.#writesLeft >= 0 ? null : this.#error);
    return true;
  }

  on(): this {
    return this;
  }
}
