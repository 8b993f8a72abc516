import type { Admission, Pass, Verdict } from '../../ports/breaker.ts';
import { FailureWindow } from './failure-window.ts';

/** The keys `breaker.*` of the configuration, and the lease of a probe. */
export interface BreakerOptions {
  /** Opens where at least this share of the window failed, 0..1; null switches the rule off. */
  readonly failureRatio: number | null;
  /** The ratio speaks only from so many outcomes in the window. */
  readonly minimumThroughput: number;
  /** Opens after so many failures in a row; null switches the rule off. */
  readonly consecutiveFailures: number | null;
  readonly samplingDurationMs: number;
  /** The first break; it doubles with every failed probe. */
  readonly breakDurationMs: number;
  /** No break is longer; the longest are drawn from its last third. */
  readonly maxBreakDurationMs: number;
  /** A probe that has not answered for so long is taken for dead, and the next caller probes. */
  readonly probeLeaseMs: number;
}

/** While a probe is out its result may come at any moment, long before its lease ends. */
const askAgainMs = 1_000;

type State =
  | { readonly name: 'closed' }
  /** `breaks` counts the breaks since it was last closed. */
  | { readonly name: 'open'; readonly untilMs: number; readonly breaks: number }
  | { readonly name: 'half-open'; readonly leaseEndsMs: number; readonly breaks: number };

/**
 * Stops submissions to an unavailable service, as a state machine on a clock that the caller reads.
 *
 * Closed, it counts failures; open, it refuses; when the break is over exactly one caller gets the probe, held by a
 * lease. Every change of state begins an epoch, and a result of an earlier epoch changes nothing: neither a success
 * that was under way when it opened, nor a failure that arrives while the probe is out. Busy is not broken: a busy
 * answer never opens it, and for a probe it means that the service is back.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  readonly #window: FailureWindow;
  #state: State = { name: 'closed' };
  #epoch = 0;
  #failuresInARow = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#window = new FailureWindow(options.samplingDurationMs);
  }

  get state(): State['name'] {
    return this.#state.name;
  }

  /** A closed breaker admits all, an open one none, and one whose break is over the one probe. */
  tryEnter(nowMs: number): Admission {
    const state = this.#state;
    if (state.name === 'closed') return { admitted: true, pass: { epoch: this.#epoch, probe: false } };
    const waitMs = (state.name === 'open' ? state.untilMs : state.leaseEndsMs) - nowMs;
    if (waitMs > 0)
      return { admitted: false, retryInMs: state.name === 'open' ? waitMs : Math.min(waitMs, askAgainMs) };
    this.#enter({ name: 'half-open', leaseEndsMs: nowMs + this.#options.probeLeaseMs, breaks: state.breaks });
    return { admitted: true, pass: { epoch: this.#epoch, probe: true } };
  }

  /** `jitter`, 0..1, lengthens a break that this verdict begins by up to half, so that clients do not probe in step. */
  record(pass: Pass, verdict: Verdict, { nowMs, jitter }: { nowMs: number; jitter: number }): void {
    if (pass.epoch !== this.#epoch) return;
    if (this.#state.name === 'half-open') this.#recordProbe(verdict, this.#state.breaks, { nowMs, jitter });
    else if (verdict === 'success' || verdict === 'failure')
      this.#recordSample(verdict === 'failure', { nowMs, jitter });
  }

  #recordProbe(verdict: Verdict, breaks: number, { nowMs, jitter }: { nowMs: number; jitter: number }): void {
    if (verdict === 'failure') this.#open(breaks + 1, { nowMs, jitter });
    else if (verdict === 'abandoned') this.#enter({ name: 'open', untilMs: nowMs, breaks });
    else this.#close();
  }

  #recordSample(failed: boolean, { nowMs, jitter }: { nowMs: number; jitter: number }): void {
    this.#window.record(failed, nowMs);
    this.#failuresInARow = failed ? this.#failuresInARow + 1 : 0;
    if (failed && this.#shouldOpen(nowMs)) this.#open(1, { nowMs, jitter });
  }

  #shouldOpen(nowMs: number): boolean {
    const { consecutiveFailures, failureRatio, minimumThroughput } = this.#options;
    if (consecutiveFailures !== null && this.#failuresInARow >= consecutiveFailures) return true;
    const { failures, total } = this.#window.counts(nowMs);
    // Divided, not multiplied: 55 of 100 is 0.55 exactly, while 0.55 * 100 is above 55.
    return failureRatio !== null && total >= minimumThroughput && failures / total >= failureRatio;
  }

  #open(breaks: number, { nowMs, jitter }: { nowMs: number; jitter: number }): void {
    const { breakDurationMs, maxBreakDurationMs } = this.#options;
    // The range is capped, not the draw: at the longest break, too, clients must not probe in step.
    const longestMs = Math.min(maxBreakDurationMs, 1.5 * breakDurationMs * 2 ** (breaks - 1));
    this.#enter({ name: 'open', untilMs: nowMs + (longestMs * (2 + jitter)) / 3, breaks });
  }

  #close(): void {
    this.#window.clear();
    this.#failuresInARow = 0;
    this.#enter({ name: 'closed' });
  }

  #enter(state: State): void {
    this.#state = state;
    this.#epoch += 1;
  }
}
