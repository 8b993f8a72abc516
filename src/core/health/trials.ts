/** A submission on whose answer others wait. */
export interface Trial {
  readonly ticket: number;
  /** Who made it, so that others can see whether an answer may still come; empty where nobody else looks. */
  readonly holder: string;
  /** A trial that has not answered by then is taken for dead. */
  readonly leaseEndsMs: number;
}

/** Everything about the trials. Plain JSON. */
export interface TrialsSnapshot {
  readonly lastTicket: number;
  readonly open: readonly Trial[];
}

/** The submissions that are out while a service is not known to be there, each held by a lease. */
export class Trials {
  readonly #leaseMs: number;
  #open: readonly Trial[] = [];
  #lastTicket = 0;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** Those whose lease has not ended. */
  live(nowMs: number): readonly Trial[] {
    return this.#open.filter(({ leaseEndsMs }) => leaseEndsMs > nowMs);
  }

  /** Answers the ticket. */
  start(holder: string, nowMs: number): number {
    this.#lastTicket += 1;
    this.#open = [...this.live(nowMs), { ticket: this.#lastTicket, holder, leaseEndsMs: nowMs + this.#leaseMs }];
    return this.#lastTicket;
  }

  end(ticket: number): void {
    this.#open = this.#open.filter((trial) => trial.ticket !== ticket);
  }

  clear(): void {
    this.#open = [];
  }

  snapshot(): TrialsSnapshot {
    return { lastTicket: this.#lastTicket, open: this.#open };
  }

  restore({ lastTicket, open }: TrialsSnapshot): void {
    this.#lastTicket = lastTicket;
    this.#open = open;
  }
}
