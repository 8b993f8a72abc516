/** A submission whose answer other callers wait for. */
export interface InFlightProbe {
  readonly ticket: number;
  /** Names the process that made it, so that others can check whether it is alive; empty if no other process looks. */
  readonly holder: string;
  /** Without an answer at this time, in ms, the probe counts as lost. */
  readonly leaseEndsMs: number;
}

/** The complete state of the probes. Plain JSON. */
export interface InFlightProbesSnapshot {
  readonly lastTicket: number;
  readonly open: readonly InFlightProbe[];
}

/**
 * The submissions in flight while the service is unproven, each held by a lease. All leases have the same length, so
 * the first to begin is the first to end.
 */
export class InFlightProbes {
  readonly #leaseMs: number;
  #open = new Map<number, InFlightProbe>();
  #lastTicket = 0;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** The probes whose lease has not ended. */
  live(nowMs: number): readonly InFlightProbe[] {
    return [...this.#open.values()].slice(this.#endedCount(nowMs));
  }

  /** The number of live probes, without building the list: every waiting caller asks for it. */
  liveCount(nowMs: number): number {
    return this.#open.size - this.#endedCount(nowMs);
  }

  /** Starts a probe and returns its ticket. */
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
