/*
 * States of the circuit breaker. Every arrow begins a new epoch; a result of an older epoch changes nothing.
 *
 *            consecutiveFailures in a row, or
 *            failureRatio of the sampling window
 *   closed ---------------------------------------> open <------------------------------+
 *     ^                                              |                                  |
 *     |                                              | the break is over:               | probe failed:
 *     |                                              | the next caller gets the probe   | the next break is longer
 *     |                                              |                                  | probe abandoned:
 *     |                                              v                                  | the break is over at once
 *     +----------------------------------------- half-open -----------------------------+
 *        probe succeeded, or the answer was "busy"   |  ^
 *                                                    +--+ the lease of the probe ended: another caller gets a probe
 *
 * Closed, the number of submissions in flight is limited in two cases:
 *   unproven    no answer within samplingDuration: unprovenLimit less the failures in a row
 *   slow start  for samplingDuration after closing: 2, one more per success, half per failure; the break after an opening
 *               in this time is longer than the last
 */

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

/** The keys `breaker.*` of the configuration, and values derived from other keys. */
export interface BreakerOptions {
  /** The breaker opens when at least this share of the window failed, 0..1; null disables the rule. */
  readonly failureRatio: number | null;
  /** The ratio applies only when the window holds at least this many outcomes. */
  readonly minimumThroughput: number;
  /** The breaker opens after this many consecutive failures; null disables the rule. */
  readonly consecutiveFailures: number | null;
  readonly samplingDurationMs: number;
  /** Length of the first break in ms; it doubles with every failed probe. */
  readonly breakDurationMs: number;
  /** Upper bound of a break in ms; the longest breaks are drawn from the last third below it. */
  readonly maxBreakDurationMs: number;
  /** A probe without an answer after this time, in ms, counts as lost, and the next caller probes. */
  readonly probeLeaseMs: number;
  /**
   * Limit on concurrent submissions while the service is unproven: it gave no coherent answer within the last
   * `samplingDurationMs`. It bounds the failures before the breaker opens, however many callers start at once.
   * Undefined: no limit.
   */
  readonly unprovenLimit?: number;
}

/** When a call result was recorded, and a random number 0..1 that lengthens a new break by up to half. */
export interface RecordInput {
  readonly nowMs: number;
  readonly jitter: number;
  /** Number of consecutive results of the same kind; default 1. */
  readonly count?: number;
}

/** Upper bound of the re-check interval during a probe: the result may arrive long before the lease ends. */
const maxRecheckMs = 1_000;

type State =
  | { readonly name: 'closed' }
  /**
   * `breaks` counts the breaks since the breaker was last closed, and `sinceMs` is when the first of them began; earlier
   * versions did not record it.
   */
  | { readonly name: 'open'; readonly untilMs: number; readonly breaks: number; readonly sinceMs?: number | undefined }
  | { readonly name: 'half-open'; readonly breaks: number; readonly sinceMs?: number | undefined };

/** The complete state of a breaker, apart from its options. Plain JSON. */
export interface BreakerSnapshot {
  readonly state: State;
  readonly epoch: number;
  readonly failuresInARow: number;
  /** When the service last gave a coherent answer; null if it never did. */
  readonly provenMs: number | null;
  readonly ramp: SlowStart | null;
  readonly usualGapMs: number | null;
  readonly trials: InFlightProbesSnapshot;
  readonly window: FailureWindowSnapshot;
}

/**
 * Stops submissions to an unavailable service. A state machine; the caller passes the time.
 *
 * - Closed: counts failures.
 * - Open: refuses every call.
 * - Half-open, after the break: exactly one caller gets the probe, held by a lease.
 *
 * Every change of state begins an epoch. A result of an earlier epoch changes nothing: neither a success that was in
 * flight when the breaker opened, nor a failure that arrives during the probe. A busy answer never opens the breaker,
 * and a probe that gets one closes it: the service is back. After closing, a slow start of one sampling window begins:
 * two submissions at once, one more with every success, half with every failure, and no faster than before the break.
 * During the slow start, callers that prefer failing to waiting fail: if all of them waited, all would submit when it
 * ends.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  readonly #window: FailureWindow;
  readonly #trials: InFlightProbes;
  #state: State = { name: 'closed' };
  #epoch = 0;
  #failuresInARow = 0;
  #provenMs: number | null = null;
  #slowStart: SlowStart | null = null;
  /** Average gap between two successful answers before the breaks began, in ms; null if there was none. */
  #usualGapMs: number | null = null;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#window = new FailureWindow(options.samplingDurationMs);
    this.#trials = new InFlightProbes(options.probeLeaseMs);
  }

  get state(): State['name'] {
    return this.#state.name;
  }

  /** How often the state has changed, resets included. */
  get changes(): number {
    return this.#epoch;
  }

  /** The answer of `tryAcquire`, without a change of state; null if `tryAcquire` would hand out a probe or a ticket. */
  peek(nowMs: number): AcquireResult | null {
    const state = this.#state;
    if (state.name === 'open')
      return nowMs < state.untilMs ? { admitted: false, retryInMs: state.untilMs - nowMs } : null;
    if (state.name === 'half-open') {
      const [probe] = this.#trials.live(nowMs);
      if (probe === undefined) return null;
      return { admitted: false, retryInMs: Math.min(probe.leaseEndsMs - nowMs, maxRecheckMs) };
    }
    const slowStart = this.#slowStartAt(nowMs);
    const out = this.#trials.liveCount(nowMs);
    if (slowStart !== null) {
      const retryInMs = slowStartWait(slowStart, out, nowMs);
      return retryInMs === 0 ? null : { admitted: false, retryInMs };
    }
    const limit = this.#limit(nowMs);
    if (limit === Infinity) return { admitted: true, permit: { epoch: this.#epoch, probe: false } };
    return out < limit ? null : { admitted: false, retryInMs: recheckSoonMs, soon: true };
  }

  /** A closed breaker admits, an open one refuses. After the break the breaker admits exactly one probe. */
  tryAcquire(nowMs: number, holder = ''): AcquireResult {
    const peeked = this.peek(nowMs);
    if (peeked !== null) return peeked;
    const probe = this.#state.name !== 'closed';
    // Every probe begins an epoch: a probe whose lease ended changes nothing any more.
    if (this.#state.name !== 'closed') {
      const { breaks, sinceMs } = this.#state;
      this.#enter({ name: 'half-open', breaks, sinceMs });
    }
    const ticket = this.#trials.start(holder, nowMs);
    const slowStart = this.#slowStartAt(nowMs);
    if (slowStart !== null) this.#slowStart = afterEntry(slowStart, nowMs);
    return { admitted: true, permit: { epoch: this.#epoch, probe, ticket } };
  }

  /** The submissions whose answers others wait for: the probe, or those in flight while the service is unproven. */
  inFlight(nowMs: number): readonly (InFlightProbe & { readonly permit: Permit })[] {
    const probe = this.#state.name === 'half-open';
    return this.#trials
      .live(nowMs)
      .map((trial) => ({ ...trial, permit: { epoch: this.#epoch, probe, ticket: trial.ticket } }));
  }

  record(permit: Permit, result: CallResult, recordInput: RecordInput): void {
    if (permit.epoch !== this.#epoch) return;
    if (permit.ticket !== undefined) this.#trials.end(permit.ticket);
    if (result === 'success' || result === 'busy') this.#provenMs = recordInput.nowMs;
    if (this.#state.name === 'half-open') this.#recordProbe(result, this.#state, recordInput);
    else if (result === 'success' || result === 'failure') this.#recordSample(result === 'failure', recordInput);
  }

  /** The outage that keeps the breaker open; null while it is closed, or if its begin is unknown. */
  outage(nowMs: number): Outage | null {
    if (this.#state.name === 'closed' || this.#state.sinceMs === undefined) return null;
    return { openForMs: Math.max(0, nowMs - this.#state.sinceMs), failuresInARow: this.#failuresInARow };
  }

  /** Failures and total of the current window. */
  counts(nowMs: number): { failures: number; total: number } {
    return this.#window.counts(nowMs);
  }

  snapshot(): BreakerSnapshot {
    return {
      state: this.#state,
      epoch: this.#epoch,
      failuresInARow: this.#failuresInARow,
      provenMs: this.#provenMs,
      ramp: this.#slowStart,
      usualGapMs: this.#usualGapMs,
      trials: this.#trials.snapshot(),
      window: this.#window.snapshot(),
    };
  }

  restore({
    state,
    epoch,
    failuresInARow,
    provenMs,
    ramp: slowStart,
    usualGapMs,
    trials,
    window,
  }: BreakerSnapshot): void {
    this.#state = state;
    this.#epoch = epoch;
    this.#failuresInARow = failuresInARow;
    this.#provenMs = provenMs;
    this.#slowStart = slowStart;
    this.#usualGapMs = usualGapMs;
    this.#trials.restore(trials);
    this.#window.restore(window);
  }

  #slowStartAt(nowMs: number): SlowStart | null {
    return this.#slowStart !== null && nowMs < this.#slowStart.endsMs ? this.#slowStart : null;
  }

  /** The limit on concurrent submissions outside a slow start. */
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
    const slowStart = this.#slowStartAt(nowMs);
    if (failed && this.#shouldOpen(nowMs)) {
      if (slowStart === null) this.#usualGapMs = this.#gapMs(nowMs);
      this.#open({ breaks: (slowStart?.breaks ?? 0) + 1, sinceMs: nowMs }, { nowMs, jitter });
    } else if (slowStart !== null) this.#slowStart = afterAnswers(slowStart, failed, count);
  }

  #gapMs(nowMs: number): number | null {
    const { failures, total } = this.#window.counts(nowMs);
    return failures === total ? null : this.#window.spanMs(nowMs) / (total - failures);
  }

  #shouldOpen(nowMs: number): boolean {
    const { consecutiveFailures, failureRatio, minimumThroughput } = this.#options;
    if (consecutiveFailures !== null && this.#failuresInARow >= consecutiveFailures) return true;
    const { failures, total } = this.#window.counts(nowMs);
    // A division, not a multiplication: 55 of 100 is exactly 0.55, but 0.55 * 100 is above 55.
    return failureRatio !== null && total >= minimumThroughput && failures / total >= failureRatio;
  }

  #open({ breaks, sinceMs }: Omit<State & { name: 'half-open' }, 'name'>, { nowMs, jitter }: RecordInput): void {
    const { breakDurationMs, maxBreakDurationMs } = this.#options;
    // The cap applies to the range, not to the draw: clients must not probe in step at the longest break either.
    const maxMs = Math.min(maxBreakDurationMs, 1.5 * breakDurationMs * 2 ** Math.min(breaks - 1, 1_000));
    this.#slowStart = null;
    this.#enter({ name: 'open', untilMs: nowMs + (maxMs * (2 + jitter)) / 3, breaks, sinceMs });
  }

  #close(breaks: number, nowMs: number): void {
    this.#window.clear();
    this.#failuresInARow = 0;
    const lengthMs = this.#options.samplingDurationMs;
    this.#slowStart = startSlowStart({ nowMs, lengthMs, breaks, gapMs: this.#usualGapMs });
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
  #refusedCount = 0;

  constructor(options: BreakerOptions, { clock, random }: { clock: Clock; random: Random }) {
    this.#breaker = new CircuitBreaker(options);
    this.#clock = clock;
    this.#random = random;
  }

  tryAcquire(): AcquireResult {
    const result = this.#breaker.tryAcquire(this.#clock.nowMs());
    if (!result.admitted && result.soon !== true) this.#refusedCount += 1;
    return result;
  }

  /** Read-only. */
  get state(): Pick<CircuitBreaker, 'state' | 'changes' | 'peek'> {
    return this.#breaker;
  }

  get refusedCount(): number {
    return this.#refusedCount;
  }

  record(permit: Permit, result: CallResult): void {
    this.#breaker.record(permit, result, { nowMs: this.#clock.nowMs(), jitter: this.#random.next() });
  }

  outage(): Outage | null {
    return this.#breaker.outage(this.#clock.nowMs());
  }
}
