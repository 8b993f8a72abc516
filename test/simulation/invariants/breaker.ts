import type { PassTaken } from '../ledger.ts';
import type { Simulated } from '../simulate.ts';

/** True if an unanswered submission need not be awaited: its lease is over, or its process is visibly dead. */
function isGivenUp({ taskRun, takenMs }: PassTaken, atMs: number, { schedule, ledger }: Simulated): boolean {
  const { sharing, breaker } = schedule.protection;
  if (atMs >= takenMs + breaker.probeLeaseMs) return true;
  return sharing === 'log' && (ledger.goneMs.get(taskRun.process) ?? Infinity) <= atMs;
}

/** A probe lasts from taking its permit until it was returned, abandoned, or its lease was over. */
export function* probesOneAtATime(simulated: Simulated): Iterable<string> {
  let out: PassTaken | null = null;
  for (const { type, pass, atMs } of simulated.ledger.passes) {
    if (type === 'given-back' && pass === out) out = null;
    if (type !== 'taken' || !pass.isProbe) continue;
    simulated.ledger.count('breaker: probe');
    if (out !== null && !isGivenUp(out, atMs, simulated)) {
      yield `at ${atMs} ms ${pass.taskRun.taskId} probes while ${out.taskRun.taskId} does`;
    }
    out = pass;
  }
}

interface Down {
  sinceMs: number;
  out: PassTaken | null;
}

/** Maximum delay of results between processes, in ms. */
const toldWithinMs = 60;

/**
 * After this many consecutive failures the service counts as down until an answer says otherwise. Meanwhile there is
 * one submission at a time, each one a break after the failure of the last. Uses only the breaker's settings for
 * consecutive failures.
 */
class DownTime {
  readonly #simulated: Simulated;
  readonly #most: number;
  readonly #leastBreakMs: number;
  readonly #toldMs: number;
  /** Permits taken since the service was last found down or up; older ones say nothing new. */
  #current = new Set<PassTaken>();
  #failures = 0;
  #lastSuccessMs = -Infinity;
  #down: Down | null = null;
  /** True if it is unknown whether the service is down. */
  #isLost = false;

  constructor(simulated: Simulated, most: number) {
    const { sharing, breaker } = simulated.schedule.protection;
    this.#simulated = simulated;
    this.#most = most;
    this.#leastBreakMs = Math.min(breaker.breakDurationMs, (breaker.maxBreakDurationMs * 2) / 3);
    this.#toldMs = sharing === 'log' ? toldWithinMs + simulated.schedule.lagMs : -1;
  }

  take(pass: PassTaken): string | null {
    this.#current.add(pass);
    if (this.#down === null) return null;
    const { out, sinceMs } = this.#down;
    this.#down.out = pass;
    const { takenMs } = pass;
    if (out !== null && !isGivenUp(out, takenMs, this.#simulated)) return `${pass.taskRun.taskId} at ${takenMs} ms`;
    // Rounded: breaks are sums of fractions.
    return takenMs < sinceMs + this.#leastBreakMs - 1e-6 ? `${pass.taskRun.taskId} at ${takenMs} ms, too soon` : null;
  }

  giveBack(pass: PassTaken, verdict: string | null, atMs: number): void {
    if (!this.#current.delete(pass) || verdict === null) return;
    if (this.#down !== null && pass !== this.#down.out) return;
    // The other processes have given it up meanwhile: their view of the service is unknown since then.
    if (this.#isLost && isGivenUp(pass, atMs, this.#simulated)) return;
    // In another order, as in a log, the failures opened the breaker earlier: its probe restarts the count.
    if (this.#down === null && pass.isProbe) this.#turn(null);
    if (verdict === 'abandoned' && this.#down !== null) this.#down.out = null;
    if (verdict === 'abandoned') return;
    if (this.#diedBeforeItTold(pass, atMs)) {
      this.#loseSight();
      return;
    }
    if (this.#down !== null) this.#turn(verdict === 'failure' ? atMs : null);
    else if (verdict === 'success') this.#succeed(atMs);
    else if (verdict === 'failure') this.#fail(atMs);
  }

  #succeed(atMs: number): void {
    this.#failures = 0;
    this.#lastSuccessMs = atMs;
  }

  #fail(atMs: number): void {
    // The log's order of the two is unknown, and from then on whether the breaker opened, until a probe tells.
    if (atMs <= this.#lastSuccessMs + this.#toldMs) this.#isLost = true;
    this.#failures += 1;
    if (this.#failures >= this.#most && !this.#isLost) this.#turn(atMs);
  }

  /** True if it is unknown whether the other processes have received it. */
  #diedBeforeItTold({ taskRun }: PassTaken, atMs: number): boolean {
    return (this.#simulated.ledger.goneMs.get(taskRun.process) ?? Infinity) <= atMs + this.#toldMs;
  }

  /** Until a probe sent from now on: if the result was recorded after all, earlier ones change nothing. */
  #loseSight(): void {
    this.#down = null;
    this.#current = new Set();
    this.#isLost = true;
  }

  /** Down since a time, or up. */
  #turn(sinceMs: number | null): void {
    this.#down = sinceMs === null ? null : { sinceMs, out: null };
    this.#failures = 0;
    this.#current = new Set();
    this.#isLost = false;
    this.#simulated.ledger.count(sinceMs === null ? 'breaker: closed' : 'breaker: opened');
  }
}

export function* asksOneAtATime(simulated: Simulated): Iterable<string> {
  const { consecutiveFailures, failureRatio } = simulated.schedule.protection.breaker;
  if (consecutiveFailures === null || failureRatio !== null) return;
  const downTime = new DownTime(simulated, consecutiveFailures);
  for (const { type, pass, verdict, atMs } of simulated.ledger.passes) {
    if (type === 'given-back') downTime.giveBack(pass, verdict, atMs);
    else {
      const breach = downTime.take(pass);
      if (breach !== null) yield breach;
    }
  }
}
