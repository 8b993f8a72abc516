import { LeaseLostError, QueueUnavailableError, UsageError } from '../../domain/errors.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';

/** Client errors for a closed connection; the connection's own error has more detail. */
const vague = /^(Connection is closed|Stream isn't writeable|Reached the max retries|no answer within)/;

/** The client would continue with database 0. A cluster has no others. */
const wrongDatabase = /DB index|SELECT is not allowed in cluster mode/;
const databaseFix = 'use an existing database number, usually /0 to /15';

/** The server is a node of a cluster: a single connection cannot reach all keys. */
const ofCluster = /^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN)\b|not allowed in cluster mode/;
const clusterFix = 'Redis Cluster is not supported: use a single Redis, or a primary with replicas behind one address';

const known = [LeaseLostError, QueueUnavailableError, UsageError];

/** Answers of Redis that need an explanation. */
const explanations: readonly (readonly [said: RegExp, meaning: string])[] = [
  [ofCluster, clusterFix],
  [/\bLOADING\b/, 'Redis is loading its data after a start'],
  [/\bREADONLY\b/, 'this Redis is a replica now; connecting again, because the address may lead to the new primary'],
];

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // If several addresses of a name fail, the aggregate error has no message of its own.
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors[0]);
  return error.message;
}

function isBug(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}

/** The errors of one Redis. It remembers why the connection failed, because failed commands do not say that. */
export class RedisErrors {
  readonly #url: string;
  readonly #waiting = new Set<() => void>();
  #last: string | null = null;
  #isElsewhere = false;

  constructor(url: string) {
    this.#url = maskSecrets(url);
  }

  /** Handler for a client's `error` event. */
  note(error: Error): void {
    if (this.#isElsewhere) return;
    const message = messageOf(error);
    this.#isElsewhere = wrongDatabase.test(message);
    this.#last = this.#isElsewhere && !ofCluster.test(message) ? `${message}: ${databaseFix}` : message;
  }

  /** True if the URL names a database that does not exist: further writes would go to another database. */
  get isElsewhere(): boolean {
    return this.#isElsewhere;
  }

  /** Handler for a client's `close` event, which also follows every failed reconnection. */
  lose(): void {
    for (const leave of this.#waiting) leave();
  }

  #said(error: unknown): string {
    const message = messageOf(error);
    return vague.test(message) ? (this.#last ?? message) : message;
  }

  /** The error for the user if the server is a node of a cluster; otherwise null. */
  clusterError(error: unknown): UsageError | null {
    const said = this.#said(error);
    return ofCluster.test(said) ? new UsageError(`${this.#url}: ${said}`, clusterFix) : null;
  }

  /** Why a command failed; for a lost connection, why that was lost. */
  reasonOf(error: unknown): string {
    const reason = this.#said(error);
    const [, meaning] = explanations.find(([said]) => said.test(reason)) ?? [];
    return meaning === undefined ? reason : `${meaning} (${reason})`;
  }

  /** The error for a caller: `UsageError` if the server is a node of a cluster. */
  unavailable(error: unknown): QueueUnavailableError | UsageError {
    const reason = this.reasonOf(error);
    return this.clusterError(error) ?? new QueueUnavailableError(`${this.#url}: ${reason}`, reason);
  }

  /**
   * Runs the work. A node of a cluster is a `UsageError`. Other errors of Redis or its client become
   * `QueueUnavailableError`, and so does a lost connection: no caller waits forever, but commands already given run when
   * Redis is back.
   */
  async guard<T>(work: () => Promise<T>): Promise<T> {
    let leave: () => void = () => undefined;
    const lost = new Promise<never>((_resolve, reject) => (leave = () => reject(new Error('Connection is closed'))));
    this.#waiting.add(leave);
    try {
      return await Promise.race([work(), lost]);
    } catch (error) {
      if (isBug(error) || known.some((kind) => error instanceof kind)) throw error;
      throw this.unavailable(error);
    } finally {
      this.#waiting.delete(leave);
    }
  }
}
