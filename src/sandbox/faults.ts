import type { Endpoint } from '../protocol/error-codes.ts';
import { readFaultMode, type FaultMode, type Strike } from './fault-mode.ts';
import type { SandboxSettings, ScriptedFault } from './options.ts';

/** What strikes one request. */
export interface Struck {
  readonly strike: Strike;
  readonly retryAfter: string | null;
}

interface Scripted {
  readonly mode: FaultMode;
  readonly retryAfter: string | null;
  passLeft: number;
  strikesLeft: number;
}

const fits = (mode: FaultMode, endpoint: Endpoint): boolean => mode.endpoint === null || mode.endpoint === endpoint;

/** Decides which requests are struck: the script before the outages before chance. */
export class Faults {
  readonly #random: () => number;
  readonly #shares: readonly { mode: FaultMode; share: number }[];
  readonly #outages: readonly { mode: FaultMode; fromMs: number; toMs: number }[];
  readonly #script: Scripted[] = [];

  constructor(settings: Pick<SandboxSettings, 'faults' | 'outages' | 'random'>) {
    this.#random = settings.random;
    this.#shares = settings.faults.map((fault) => ({ ...fault, mode: readFaultMode(fault.mode) }));
    this.#outages = settings.outages.map((outage) => ({ ...outage, mode: readFaultMode(outage.mode) }));
  }

  script({ mode, endpoint, times = 1, afterRequests = 0, retryAfter }: ScriptedFault): void {
    const read = readFaultMode(mode);
    this.#script.push({
      mode: { ...read, endpoint: endpoint ?? read.endpoint },
      retryAfter: retryAfter ?? null,
      passLeft: afterRequests,
      strikesLeft: times,
    });
  }

  /** Whether an outage is on, for this endpoint, `elapsedMs` after the start. */
  isOutage(endpoint: Endpoint, elapsedMs: number): boolean {
    return this.#outageAt(endpoint, elapsedMs) !== undefined;
  }

  /** What strikes the request that has just come in, or null. Uses up a scripted fault. */
  next(endpoint: Endpoint, elapsedMs: number): Struck | null {
    const scripted = this.#nextScripted(endpoint);
    if (scripted !== null) return scripted;
    const mode = this.#outageAt(endpoint, elapsedMs)?.mode ?? this.#drawn(endpoint);
    return mode === null ? null : { strike: mode.strike, retryAfter: null };
  }

  #nextScripted(endpoint: Endpoint): Struck | null {
    const index = this.#script.findIndex(({ mode, strikesLeft }) => strikesLeft > 0 && fits(mode, endpoint));
    const next = this.#script[index];
    if (next === undefined) return null;
    if (next.passLeft > 0) {
      next.passLeft -= 1;
      return null;
    }
    next.strikesLeft -= 1;
    if (next.strikesLeft <= 0) this.#script.splice(index, 1);
    return { strike: next.mode.strike, retryAfter: next.retryAfter };
  }

  #outageAt(endpoint: Endpoint, elapsedMs: number): { mode: FaultMode } | undefined {
    return this.#outages.find(
      ({ mode, fromMs, toMs }) => fits(mode, endpoint) && elapsedMs >= fromMs && elapsedMs < toMs,
    );
  }

  /** One draw for all shares, so that 0.1 of one and 0.2 of another strike 0.3 of the requests. */
  #drawn(endpoint: Endpoint): FaultMode | null {
    if (this.#shares.length === 0) return null;
    let left = this.#random();
    for (const { mode, share } of this.#shares.filter((entry) => fits(entry.mode, endpoint))) {
      left -= share;
      if (left < 0) return mode;
    }
    return null;
  }
}
