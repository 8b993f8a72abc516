import type { PassTaken } from '../ledger.ts';
import type { Simulated } from '../simulate.ts';

/** Whether nobody need wait for a submission that was not answered: its lease is over, or its process is seen to be. */
function isGivenUp({ taskRun, takenMs }: PassTaken, atMs: number, { schedule, ledger }: Simulated): boolean {
  const { sharing, breaker } = schedule.protection;
  if (atMs >= takenMs + breaker.probeLeaseMs) return true;
  return sharing === 'log' && (ledger.goneMs.get(taskRun.process) ?? Infinity) <= atMs;
}

/** A probe is out from when its pass was taken until it was given back, given up, or its lease was over. */
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

/** Answers that processes tell each other come so late at most, in ms. */
const toldWithinMs = 60;

/**
 * After so many failures in a row the service is down until an answer says otherwise. Meanwhile there is one submission
 * at a time, each a break after the failure of the last. Needs nothing of the breaker but its settings, and only the
 * settings by which it opens for failures in a row.
 */
class DownTime {
  readonly #simulated: Simulated;
  readonly #most: number;
  readonly #leastBreakMs: number;
  readonly #toldMs: number;
  /** Passes that were taken since the service was last found to be down or up: others say nothing new. */
  #current = new Set<PassTaken>();
  #failures = 0;
  #lastSuccessMs = -Infinity;
  #down: Down | null = null;
  /** Whether the service is down cannot be said. */
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
    // The others have given it up meanwhile: what they made of the service since then cannot be said.
    if (this.#isLost && isGivenUp(pass, atMs, this.#simulated)) return;
    // Told in another order, as a log may be, failures have opened the breaker earlier: its probe starts the count anew.
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
    // Which of the two the log has first nobody can say, nor from then on whether it opened, until a probe tells.
    if (atMs <= this.#lastSuccessMs + this.#toldMs) this.#isLost = true;
    this.#failures += 1;
    if (this.#failures >= this.#most && !this.#isLost) this.#turn(atMs);
  }

  /** Nobody can say whether the others have heard of it. */
  #diedBeforeItTold({ taskRun }: PassTaken, atMs: number): boolean {
    return (this.#simulated.ledger.goneMs.get(taskRun.process) ?? Infinity) <= atMs + this.#toldMs;
  }

  /** Until a probe tells that was sent from now on: if the result was told after all, earlier ones change nothing. */
  #loseSight(): void {
    this.#down = null;
    this.#current = new Set();
    this.#isLost = true;
  }

  /** Down since a moment, or up. */
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
