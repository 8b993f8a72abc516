/** A submission on whose answer others wait. */
export interface InFlightProbe {
  readonly ticket: number;
  /** Who made it, so that others can see whether an answer may still come; empty where nobody else looks. */
  readonly holder: string;
  /** A trial that has not answered by then is taken for dead. */
  readonly leaseEndsMs: number;
}

/** Everything about the trials. Plain JSON. */
export interface InFlightProbesSnapshot {
  readonly lastTicket: number;
  readonly open: readonly InFlightProbe[];
}

/**
 * The submissions that are out while a service is not known to be there, each held by a lease. All leases are of one
 * length, so the first to begin is the first to end.
 */
export class InFlightProbes {
  readonly #leaseMs: number;
  #open = new Map<number, InFlightProbe>();
  #lastTicket = 0;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** Those whose lease has not ended. */
  live(nowMs: number): readonly InFlightProbe[] {
    return [...this.#open.values()].slice(this.#endedCount(nowMs));
  }

  /** How many of them: asked by everybody who waits, however many are out. */
  liveCount(nowMs: number): number {
    return this.#open.size - this.#endedCount(nowMs);
  }

  /** Answers the ticket. */
  start(holder: string, nowMs: number): number {
    for (const [ticket, { leaseEndsMs }] of this.#open) {
      if (leaseEndsMs > nowMs) break;
      this.#open.delete(ticket);
    }
    const ticket = (this.#lastTicket += 1);
    this.#open.set(ticket, { ticket, holder, leaseEndsMs: nowMs + this.#leaseMs });
    return ticket;
  }

  end(ticket: number): void {
    this.#open.delete(ticket);
  }

  clear(): void {
    this.#open.clear();
  }

  snapshot(): InFlightProbesSnapshot {
    return { lastTicket: this.#lastTicket, open: [...this.#open.values()] };
  }

  restore({ lastTicket, open }: InFlightProbesSnapshot): void {
    this.#lastTicket = lastTicket;
    this.#open = new Map(open.map((trial) => [trial.ticket, trial]));
  }

  #endedCount(nowMs: number): number {
    let count = 0;
    for (const { leaseEndsMs } of this.#open.values()) {
      if (leaseEndsMs > nowMs) break;
      count += 1;
    }
    return count;
  }
}
