import type { AcquireResult, Breaker, CallResult, Outage, Permit } from '../../ports/state.ts';
import type { Clock, Random } from '../../ports/system.ts';
import { FailureWindow, type FailureWindowSnapshot } from './failure-window.ts';
import { type InFlightProbe, InFlightProbes, type InFlightProbesSnapshot } from './in-flight-probes.ts';
import {
  afterAnswers,
  afterEntry,
  recheckSoonMs,
  maxLimit,
  type SlowStart,
  startSlowStart,
  slowStartWait,
} from './slow-start.ts';

/** The keys `breaker.*` of the configuration, and what follows from others. */
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
  /**
   * So many failures may be met before the breaker opens, however many callers begin at once: while nothing was heard of
   * the service for `samplingDurationMs`, no more submissions are out. Left out, there is no such limit.
   */
  readonly unprovenLimit?: number;
}

/** When a call result was recorded, and chance, 0..1: it lengthens a break that begins by up to half. */
export interface RecordInput {
  readonly nowMs: number;
  readonly jitter: number;
  /** So many results of the same kind, one after the other; 1 where left out. */
  readonly count?: number;
}

/** While a probe is out its result may come at any moment, long before its lease ends. */
const maxRecheckMs = 1_000;

type State =
  | { readonly name: 'closed' }
  /** `breaks` counts the breaks since it was last closed, and `sinceMs` is when the first of them began. */
  | { readonly name: 'open'; readonly untilMs: number; readonly breaks: number; readonly sinceMs: number }
  | { readonly name: 'half-open'; readonly breaks: number; readonly sinceMs: number };

/** Where a breaker stands: with its options, all that there is to know about it. Plain JSON. */
export interface BreakerSnapshot {
  readonly state: State;
  readonly epoch: number;
  readonly failuresInARow: number;
  /** When the service last gave a coherent answer; null where it never did. */
  readonly provenMs: number | null;
  readonly ramp: SlowStart | null;
  readonly usualGapMs: number | null;
  readonly trials: InFlightProbesSnapshot;
  readonly window: FailureWindowSnapshot;
}

/**
 * Stops submissions to an unavailable service, as a state machine on a clock that the caller reads.
 *
 * Closed, it counts failures; open, it refuses; when the break is over exactly one caller gets the probe, held by a
 * lease. Every change of state begins an epoch, and a result of an earlier epoch changes nothing: neither a success
 * that was under way when it opened, nor a failure that arrives while the probe is out. Busy is not broken: a busy
 * answer never opens it, and for a probe it means that the service is back. Closed again, it lets two submissions out at
 * once and one more with every success, halved by every failure, and no faster than before the break, for the length of
 * the window. Whoever would rather fail than wait fails meanwhile: were all to wait, all would come when it ends.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  readonly #window: FailureWindow;
  readonly #trials: InFlightProbes;
  #state: State = { name: 'closed' };
  #epoch = 0;
  #failuresInARow = 0;
  #provenMs: number | null = null;
  #ramp: SlowStart | null = null;
  /** Between two answers before the breaks began, in ms; null where there was none. */
  #usualGapMs: number | null = null;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#window = new FailureWindow(options.samplingDurationMs);
    this.#trials = new InFlightProbes(options.probeLeaseMs);
  }

  get state(): State['name'] {
    return this.#state.name;
  }

  /** What `tryAcquire` would answer, without changing anything; null where it would give out a probe or a ticket. */
  peek(nowMs: number): AcquireResult | null {
    const state = this.#state;
    if (state.name === 'open')
      return nowMs < state.untilMs ? { admitted: false, retryInMs: state.untilMs - nowMs } : null;
    if (state.name === 'half-open') {
      const [probe] = this.#trials.live(nowMs);
      if (probe === undefined) return null;
      return { admitted: false, retryInMs: Math.min(probe.leaseEndsMs - nowMs, maxRecheckMs) };
    }
    const ramp = this.#rampAt(nowMs);
    const out = this.#trials.liveCount(nowMs);
    if (ramp !== null) {
      const retryInMs = slowStartWait(ramp, out, nowMs);
      return retryInMs === 0 ? null : { admitted: false, retryInMs };
    }
    const limit = this.#limit(nowMs);
    if (limit === Infinity) return { admitted: true, pass: { epoch: this.#epoch, probe: false } };
    return out < limit ? null : { admitted: false, retryInMs: recheckSoonMs, soon: true };
  }

  /** A closed breaker admits, an open one does not, and one whose break is over admits the one probe. */
  tryAcquire(nowMs: number, holder = ''): AcquireResult {
    const peeked = this.peek(nowMs);
    if (peeked !== null) return peeked;
    const probe = this.#state.name !== 'closed';
    // A new epoch for every probe: one whose lease ended changes nothing any more.
    if (this.#state.name !== 'closed') {
      const { breaks, sinceMs } = this.#state;
      this.#enter({ name: 'half-open', breaks, sinceMs });
    }
    const ticket = this.#trials.start(holder, nowMs);
    const ramp = this.#rampAt(nowMs);
    if (ramp !== null) this.#ramp = afterEntry(ramp, nowMs);
    return { admitted: true, pass: { epoch: this.#epoch, probe, ticket } };
  }

  /** Whose answers others wait for: the probe, or the submissions that are out while the service is not proven. */
  inFlight(nowMs: number): readonly (InFlightProbe & { readonly pass: Permit })[] {
    const probe = this.#state.name === 'half-open';
    return this.#trials
      .live(nowMs)
      .map((trial) => ({ ...trial, pass: { epoch: this.#epoch, probe, ticket: trial.ticket } }));
  }

  record(pass: Permit, result: CallResult, recordInput: RecordInput): void {
    if (pass.epoch !== this.#epoch) return;
    if (pass.ticket !== undefined) this.#trials.end(pass.ticket);
    if (result === 'success' || result === 'busy') this.#provenMs = recordInput.nowMs;
    if (this.#state.name === 'half-open') this.#recordProbe(result, this.#state, recordInput);
    else if (result === 'success' || result === 'failure') this.#recordSample(result === 'failure', recordInput);
  }

  /** The outage that keeps it open; null while it is closed. */
  outage(nowMs: number): Outage | null {
    if (this.#state.name === 'closed') return null;
    return { openForMs: Math.max(0, nowMs - this.#state.sinceMs), failuresInARow: this.#failuresInARow };
  }

  /** How the latest window went. */
  counts(nowMs: number): { failures: number; total: number } {
    return this.#window.counts(nowMs);
  }

  snapshot(): BreakerSnapshot {
    return {
      state: this.#state,
      epoch: this.#epoch,
      failuresInARow: this.#failuresInARow,
      provenMs: this.#provenMs,
      ramp: this.#ramp,
      usualGapMs: this.#usualGapMs,
      trials: this.#trials.snapshot(),
      window: this.#window.snapshot(),
    };
  }

  restore({ state, epoch, failuresInARow, provenMs, ramp, usualGapMs, trials, window }: BreakerSnapshot): void {
    this.#state = state;
    this.#epoch = epoch;
    this.#failuresInARow = failuresInARow;
    this.#provenMs = provenMs;
    this.#ramp = ramp;
    this.#usualGapMs = usualGapMs;
    this.#trials.restore(trials);
    this.#window.restore(window);
  }

  #rampAt(nowMs: number): SlowStart | null {
    return this.#ramp !== null && nowMs < this.#ramp.endsMs ? this.#ramp : null;
  }

  /** How many submissions may be out at once where there is no ramp. */
  #limit(nowMs: number): number {
    const { unprovenLimit, samplingDurationMs } = this.#options;
    const isProven = this.#provenMs !== null && nowMs - this.#provenMs <= samplingDurationMs;
    if (unprovenLimit === undefined || isProven) return Infinity;
    return Math.max(1, Math.min(unprovenLimit, maxLimit) - this.#failuresInARow);
  }

  #recordProbe(
    result: CallResult,
    { breaks, sinceMs }: State & { name: 'half-open' },
    { nowMs, jitter }: RecordInput,
  ): void {
    if (result === 'failure') this.#open({ breaks: breaks + 1, sinceMs }, { nowMs, jitter });
    else if (result === 'abandoned') this.#enter({ name: 'open', untilMs: nowMs, breaks, sinceMs });
    else this.#close(breaks, nowMs);
  }

  #recordSample(failed: boolean, { nowMs, jitter, count = 1 }: RecordInput): void {
    this.#window.record(failed, nowMs, count);
    this.#failuresInARow = failed ? this.#failuresInARow + count : 0;
    const ramp = this.#rampAt(nowMs);
    if (failed && this.#shouldOpen(nowMs)) {
      if (ramp === null) this.#usualGapMs = this.#gapMs(nowMs);
      this.#open({ breaks: (ramp?.breaks ?? 0) + 1, sinceMs: nowMs }, { nowMs, jitter });
    } else if (ramp !== null) this.#ramp = afterAnswers(ramp, failed, count);
  }

  #gapMs(nowMs: number): number | null {
    const { failures, total } = this.#window.counts(nowMs);
    return failures === total ? null : this.#window.spanMs(nowMs) / (total - failures);
  }

  #shouldOpen(nowMs: number): boolean {
    const { consecutiveFailures, failureRatio, minimumThroughput } = this.#options;
    if (consecutiveFailures !== null && this.#failuresInARow >= consecutiveFailures) return true;
    const { failures, total } = this.#window.counts(nowMs);
    // Divided, not multiplied: 55 of 100 is 0.55 exactly, while 0.55 * 100 is above 55.
    return failureRatio !== null && total >= minimumThroughput && failures / total >= failureRatio;
  }

  #open({ breaks, sinceMs }: { breaks: number; sinceMs: number }, { nowMs, jitter }: RecordInput): void {
    const { breakDurationMs, maxBreakDurationMs } = this.#options;
    // The range is capped, not the draw: at the longest break, too, clients must not probe in step.
    const maxMs = Math.min(maxBreakDurationMs, 1.5 * breakDurationMs * 2 ** Math.min(breaks - 1, 1_000));
    this.#ramp = null;
    this.#enter({ name: 'open', untilMs: nowMs + (maxMs * (2 + jitter)) / 3, breaks, sinceMs });
  }

  #close(breaks: number, nowMs: number): void {
    this.#window.clear();
    this.#failuresInARow = 0;
    const lengthMs = this.#options.samplingDurationMs;
    this.#ramp = startSlowStart({ nowMs, lengthMs, breaks, gapMs: this.#usualGapMs });
    this.#enter({ name: 'closed' });
  }

  #enter(state: State): void {
    this.#state = state;
    this.#epoch += 1;
    this.#trials.clear();
  }
}

/** The circuit breaker of one process. */
export class ProcessBreaker implements Breaker {
  readonly #breaker: CircuitBreaker;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: BreakerOptions, { clock, random }: { clock: Clock; random: Random }) {
    this.#breaker = new CircuitBreaker(options);
    this.#clock = clock;
    this.#random = random;
  }

  tryAcquire(): AcquireResult {
    return this.#breaker.tryAcquire(this.#clock.nowMs());
  }

  record(pass: Permit, result: CallResult): void {
    this.#breaker.record(pass, result, { nowMs: this.#clock.nowMs(), jitter: this.#random.next() });
  }

  outage(): Outage | null {
    return this.#breaker.outage(this.#clock.nowMs());
  }
}
