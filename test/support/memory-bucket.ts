import { type RetryBudgetOptions, RetryBudgetState } from '../../src/core/resilience/retry-budget.ts';
import { RemoteUnavailableError } from '../../src/domain/errors.ts';
import type { SyncReply, FleetBucket, SyncOptions } from '../../src/ports/state.ts';

/** The budget of a fleet in memory, on the test's clock, with a latency and a connection that may be cut. */
export class MemoryBucket implements FleetBucket {
  readonly talks: SyncOptions[] = [];
  isAway = false;
  quietMs = 0;
  /** One-way latency. */
  travel: () => Promise<void> = () => Promise.resolve();
  readonly #options: RetryBudgetOptions;
  readonly #state: RetryBudgetState;
  readonly #nowMs: () => number;

  constructor(options: RetryBudgetOptions, nowMs: () => number) {
    this.#options = options;
    this.#state = new RetryBudgetState(options, nowMs());
    this.#nowMs = nowMs;
  }

  async sync(sync: SyncOptions): Promise<SyncReply> {
    this.talks.push(sync);
    await this.travel();
    if (this.isAway) throw new RemoteUnavailableError('budget.scope redis://fleet: nobody is there');
    const nowMs = this.#nowMs();
    this.#state.deposit(nowMs, sync.accepted);
    const withdrawals = sync.asks.map((maxMs) => this.#state.tryWithdraw(maxMs, nowMs));
    let surplus = 0;
    while (surplus < sync.surplus && this.#state.tryWithdraw(0, nowMs).granted) surplus += 1;
    this.quietMs = Math.max(this.quietMs, sync.quietMs);
    await this.travel();
    return { ...this.#facts(), withdrawals, surplus };
  }

  look(): Promise<SyncReply> {
    if (this.isAway) return Promise.reject(new RemoteUnavailableError('budget.scope redis://fleet: no answer'));
    return Promise.resolve({ ...this.#facts(), withdrawals: [], surplus: 0 });
  }

  reset(): Promise<void> {
    throw new Error('nobody resets it here');
  }

  close(): void {
    this.travel = () => Promise.reject(new Error('it was closed'));
  }

  #facts() {
    const nowMs = this.#nowMs();
    return {
      options: this.#options,
      ...{ epoch: 'memory', settlingMs: 0 },
      balance: this.#state.balance(nowMs),
      nextTokenInMs: this.#state.waitForTokenMs(nowMs),
      ...{ leased: 0, quietMs: this.quietMs, accepted: 0, granted: 0, refused: 0 },
    };
  }
}
