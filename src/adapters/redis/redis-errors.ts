import { LeaseLostError, QueueUnavailableError } from '../../domain/errors.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';

/** What a client says when its connection is gone, which is less than the error of the connection said. */
const vague = /^(Connection is closed|Stream isn't writeable|Reached the max retries|no answer within)/;

/** A client goes on with database 0 where there is no such one. */
const wrongDatabase = /DB index/;
const databaseFix = 'use an existing database number, usually /0 to /15';

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The addresses of a name that are tried in turn fail with an error each, and with none for all.
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors[0]);
  return error.message;
}

function isBug(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}

/** What is wrong with one Redis: it remembers why the connection failed, which the failed commands do not say. */
export class RedisErrors {
  readonly #url: string;
  readonly #waiting = new Set<() => void>();
  #last: string | null = null;
  #isElsewhere = false;

  constructor(url: string) {
    this.#url = maskSecrets(url);
  }

  /** For a client's `error` event, which nobody else listens to. */
  note(error: Error): void {
    if (this.#isElsewhere) return;
    const message = messageOf(error);
    this.#isElsewhere = wrongDatabase.test(message);
    this.#last = this.#isElsewhere ? `${message}: ${databaseFix}` : message;
  }

  /** Whether the URL names a database that there is not, which stays so: what is written all the same is written elsewhere. */
  get isElsewhere(): boolean {
    return this.#isElsewhere;
  }

  /** For a client's `close` event, which every attempt to connect again ends in while Redis is away. */
  lose(): void {
    for (const leave of this.#waiting) leave();
  }

  /** Why a command failed: where its error says no more than that the connection did, why that did. */
  reasonOf(error: unknown): string {
    const message = messageOf(error);
    return vague.test(message) ? (this.#last ?? message) : message;
  }

  unavailable(error: unknown): QueueUnavailableError {
    return new QueueUnavailableError(`${this.#url}: ${this.reasonOf(error)}`);
  }

  /**
   * Does the work; whatever Redis or its client throws becomes `QueueUnavailableError`, and so does the loss of the connection:
   * nobody waits for ever, but commands that were given are done when Redis is back.
   */
  async guard<T>(work: () => Promise<T>): Promise<T> {
    let leave: () => void = () => undefined;
    const lost = new Promise<never>((_resolve, reject) => (leave = () => reject(new Error('Connection is closed'))));
    this.#waiting.add(leave);
    try {
      return await Promise.race([work(), lost]);
    } catch (error) {
      if (isBug(error) || error instanceof LeaseLostError || error instanceof QueueUnavailableError) throw error;
      throw this.unavailable(error);
    } finally {
      this.#waiting.delete(leave);
    }
  }
}
