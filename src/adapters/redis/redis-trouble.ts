import { LeaseLost } from '../../domain/lease-lost.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import { QueueUnavailable } from '../../domain/queue-unavailable.ts';

/** What a client says when its connection is gone, which is less than the error of the connection said. */
const vague = /^(Connection is closed|Stream isn't writeable|Reached the max retries)/;

function isBug(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}

/** What is wrong with one Redis: it remembers why the connection failed, which the failed commands do not say. */
export class RedisTrouble {
  readonly #url: string;
  #last: string | null = null;

  constructor(url: string) {
    this.#url = maskSecrets(url);
  }

  /** For a client's `error` event, which nobody else listens to. */
  note(error: Error): void {
    this.#last = error.message;
  }

  unavailable(reason: string): QueueUnavailable {
    return new QueueUnavailable(`${this.#url}: ${vague.test(reason) ? (this.#last ?? reason) : reason}`);
  }

  /** Does the work; whatever Redis or its client throws becomes `QueueUnavailable`. */
  async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isBug(error) || error instanceof LeaseLost || error instanceof QueueUnavailable) throw error;
      throw this.unavailable(error instanceof Error ? error.message : String(error));
    }
  }
}
