import type { Fault } from '../../domain/fault.ts';
import type { Attempt, Outcome } from '../../domain/outcome.ts';
import type { Task } from '../../domain/task.ts';
import type { Awaitable } from '../../ports/awaitable.ts';
import type { Pass } from '../../ports/breaker.ts';
import type { QuietTime } from '../../ports/quiet-time.ts';
import { type BackoffOptions, startBackoff } from '../retry/backoff.ts';
import { decideRetry, type RetryDecision, type RetryLimits, withJitter } from '../retry/decide-retry.ts';
import { ProcessQuietTime } from '../retry/process-quiet-time.ts';
import { type AttemptDeps, type AttemptPlan, runAttempt } from './attempt.ts';
import { type Circumstances, limitsIn, nothingSpecial } from './circumstances.ts';
import { gaveUp, liveIdOf, solved, type WhyGivenUp } from './outcome-of.ts';

export interface SolverOptions {
  /** The one limit of a task across attempts, waits and polls, in ms. */
  readonly timeoutMs: number;
  readonly limits: RetryLimits;
  readonly backoff: BackoffOptions;
  /**
   * What to do when the budget or the breaker says no: give the task up, wait within its deadline, or `pause`: wait as
   * long as it takes, and let the deadline wait with it.
   */
  readonly onExhausted: 'fail' | 'wait' | 'pause';
}

interface RunParts {
  readonly options: SolverOptions;
  readonly deps: AttemptDeps & { readonly quiet: QuietTime };
  readonly stop: AbortSignal;
  readonly circumstances: Circumstances;
}

type Start = AttemptPlan['start'];

/** One task on its way: what it has been through, and how long it still has. */
class Run {
  readonly #options: SolverOptions;
  readonly #deps: RunParts['deps'];
  readonly #task: Task;
  readonly #stop: AbortSignal;
  readonly #circumstances: Circumstances;
  readonly #startedMs: number;
  readonly #backoffMs: (retry: number) => number;
  readonly #attempts: Attempt[] = [];
  #deadlineAtMs: number;
  /** Attempts that found out for all whether the service is there. */
  #trialCount = 0;

  constructor(task: Task, { options, deps, stop, circumstances }: RunParts) {
    this.#options = options;
    this.#deps = deps;
    this.#task = task;
    this.#stop = stop;
    this.#circumstances = circumstances;
    this.#startedMs = deps.clock.nowMs();
    this.#deadlineAtMs = this.#startedMs + options.timeoutMs;
    this.#backoffMs = startBackoff(options.backoff, deps.random);
  }

  async toOutcome(): Promise<Outcome> {
    const { accepted } = this.#circumstances;
    let start: Start | WhyGivenUp = accepted === null ? await this.#enter() : { accepted };
    for (;;) {
      if ('reason' in start) return this.#giveUp(start);
      const ended = await this.#attempt(start);
      if (ended !== null && typeof ended === 'object') return ended;
      const decision = await this.#decideAfter(ended);
      if (!decision.retry) return this.#giveUp(decision);
      await this.#deps.clock.sleep(decision.waitMs, this.#stop);
      start = await this.#enter();
    }
  }

  #timeLeftMs(): number {
    return this.#deadlineAtMs - this.#deps.clock.nowMs();
  }

  #about(): { taskId: string; attempt: number } {
    const earlier = Math.max(1, this.#circumstances.earlierAttempts);
    return { taskId: this.#task.taskId, attempt: this.#attempts.at(-1)?.attempt ?? earlier };
  }

  #course(): { task: Task; attempts: readonly Attempt[]; durationMs: number } {
    return { task: this.#task, attempts: this.#attempts, durationMs: this.#deps.clock.nowMs() - this.#startedMs };
  }

  /** A pass from the breaker, waited for where that is wanted and the deadline allows it. */
  async #enter(): Promise<Start | WhyGivenUp> {
    for (;;) {
      const quietMs = await this.#deps.quiet.leftMs();
      const ended = (quietMs > 0 ? await this.#beQuiet(quietMs) : null) ?? this.#whyEnded();
      if (ended !== null) return ended;
      const admission = await this.#deps.breaker.tryEnter();
      if (admission.admitted) return this.#use(admission.pass);
      const { retryInMs, soon = false } = admission;
      if (!soon) this.#deps.emit({ type: 'breaker-refused', ...this.#about(), retryInMs });
      if (!soon && !this.#mayWait(retryInMs)) return { reason: 'breaker-open', retryInMs };
      await this.#hold(this.#deps.clock.sleep(retryInMs, this.#stop));
    }
  }

  /** One task was told to come back later: the others need not be told one by one. */
  async #beQuiet(quietMs: number): Promise<WhyGivenUp | null> {
    const waitMs = withJitter(quietMs, this.#deps.random.next());
    // Whoever would rather fail than wait for others heeds what the service asks of all, as it does after its own fault.
    const isInTime = this.#options.onExhausted === 'pause' || waitMs < this.#timeLeftMs();
    if (!isInTime) return { reason: 'deadline-exceeded', retryInMs: waitMs };
    await this.#hold(this.#deps.clock.sleep(waitMs, this.#stop));
    return null;
  }

  /** While the run pauses, a wait that the service asks for is not the task's own time. */
  async #heedRequest({ kind, retryAfterMs }: Fault): Promise<void> {
    if (kind !== 'throttled' || retryAfterMs === null) return;
    await this.#deps.quiet.ask(retryAfterMs);
    if (this.#options.onExhausted === 'pause') this.#deadlineAtMs += withJitter(retryAfterMs, 1);
  }

  #mayWait(ms: number): boolean {
    const { onExhausted } = this.#options;
    return onExhausted === 'pause' || (onExhausted === 'wait' && ms < this.#timeLeftMs());
  }

  /** Waits for others. While the run pauses, the task's own time stands still. */
  async #hold(wait: Promise<void>): Promise<void> {
    const sinceMs = this.#deps.clock.nowMs();
    await wait;
    if (this.#options.onExhausted === 'pause') this.#deadlineAtMs += this.#deps.clock.nowMs() - sinceMs;
  }

  async #decideAfter(ended: 'no-thread' | 'probed' | null): Promise<RetryDecision> {
    if (ended === null) return this.#decide();
    if (ended === 'no-thread') await this.#hold(this.#circumstances.awaitThread?.() ?? Promise.resolve());
    return { retry: true, waitMs: 0 };
  }

  /** What a fault says that costs the task nothing, since nothing was accepted; null for any other. */
  #freeOfCharge(start: Start, fault: Fault | null): 'no-thread' | 'probed' | null {
    if (fault?.threadsFull === true && this.#circumstances.awaitThread !== null) return 'no-thread';
    if (!('pass' in start) || start.pass.ticket === undefined || fault === null || fault.answerLost) return null;
    if (fault.kind !== 'transport' && fault.kind !== 'timeout') return null;
    // Whoever tries while others wait does it for all: an outage must not use up the attempts of a few.
    if (this.#options.onExhausted === 'wait') this.#trialCount += 1;
    return start.pass.probe && this.#options.onExhausted === 'pause' ? 'probed' : null;
  }

  /** A breaker that is shared takes time to answer: the task may have ended meanwhile. */
  #use(pass: Pass): Awaitable<Start | WhyGivenUp> {
    const ended = this.#whyEnded();
    if (ended === null) return { pass };
    return Promise.resolve(this.#deps.breaker.record(pass, 'abandoned')).then(() => ended);
  }

  #whyEnded(): WhyGivenUp | null {
    if (this.#stop.aborted) return { reason: 'cancelled', retryInMs: null };
    return this.#timeLeftMs() <= 0 ? { reason: 'deadline-exceeded', retryInMs: null } : null;
  }

  async #attempt(start: Start): Promise<Outcome | 'no-thread' | 'probed' | null> {
    const { steps, earlierAttempts, accepted } = this.#circumstances;
    const attempt = earlierAttempts + this.#attempts.length + (accepted === null ? 1 : 0);
    const plan = { task: this.#task, attempt, deadlineAtMs: this.#deadlineAtMs, start, steps };
    const end = await runAttempt(plan, this.#deps);
    const free = end.record.captchaId === null ? this.#freeOfCharge(start, end.record.fault) : null;
    if (free !== null) return free;
    this.#attempts.push(end.record);
    if (end.record.fault !== null) {
      this.#deps.emit({ type: 'attempt-failed', ...this.#about(), fault: end.record.fault });
    }
    if (end.solved === null) return null;
    const { lifetimeMs } = this.#deps.timing(this.#task);
    const { solution, solvedAt } = end.solved;
    const outcome = solved(this.#course(), { solution, solvedAt, lifetimeMs });
    const { taskId, captchaId, durationMs } = outcome;
    this.#deps.emit({ type: 'solved', taskId, attempt, captchaId, durationMs });
    return outcome;
  }

  /** Whether and when to submit again. The token is taken here, before the wait: what waits has paid already. */
  async #decide(): Promise<RetryDecision> {
    const faults = this.#attempts.flatMap(({ fault }) => fault ?? []);
    const last = faults.at(-1);
    if (last !== undefined && this.#attempts.at(-1)?.captchaId === null) await this.#heedRequest(last);
    const decision = decideRetry(limitsIn(this.#circumstances, this.#options.limits, this.#trialCount), {
      faults,
      attemptNeedsMs: this.#deps.timing(this.#task).intervalMs,
      idMayBeAlive: liveIdOf(this.#attempts.at(-1)) !== null,
      timeLeftMs: this.#timeLeftMs(),
      backoffMs: this.#backoffMs(this.#attempts.length),
      jitter: this.#deps.random.next(),
    });
    if (!decision.retry) return decision;
    return this.#stop.aborted
      ? { retry: false, reason: 'cancelled', retryInMs: null }
      : this.#withdraw(decision.waitMs);
  }

  async #withdraw(backoffMs: number): Promise<RetryDecision> {
    const { onExhausted } = this.#options;
    const withdrawal = await this.#deps.budget.tryWithdraw({
      onExhausted: onExhausted === 'fail' ? 'fail' : 'wait',
      maxWaitMs: onExhausted === 'pause' ? Infinity : Math.max(0, this.#timeLeftMs()),
      taskId: this.#task.taskId,
    });
    if (!withdrawal.granted) {
      const { retryInMs } = withdrawal;
      this.#deps.emit({ type: 'budget-refused', ...this.#about(), retryInMs });
      return { retry: false, reason: 'budget-exhausted', retryInMs };
    }
    const waitMs = Math.max(backoffMs, withdrawal.waitMs);
    if (onExhausted === 'pause') this.#deadlineAtMs += waitMs - backoffMs;
    this.#deps.emit({ type: 'retrying', ...this.#about(), waitMs, budgetBalance: withdrawal.balance });
    return { retry: true, waitMs };
  }

  #giveUp(why: WhyGivenUp): Outcome {
    const outcome = gaveUp(this.#course(), why);
    this.#deps.emit({ type: 'gave-up', ...this.#about(), reason: outcome.reason, message: outcome.message });
    return outcome;
  }
}

/**
 * Solves tasks, one outcome each: the only loop that retries. Never throws for what the service does; what it throws is
 * a bug. When `stop` aborts, no further submission is made, waits end, and what was paid for is still collected.
 */
export class Solver {
  readonly #options: SolverOptions;
  readonly #deps: RunParts['deps'];

  constructor(options: SolverOptions, deps: AttemptDeps) {
    this.#options = options;
    this.#deps = { quiet: new ProcessQuietTime(deps), ...deps };
  }

  solve(task: Task, stop: AbortSignal, circumstances: Circumstances = nothingSpecial): Promise<Outcome> {
    return new Run(task, { options: this.#options, deps: this.#deps, stop, circumstances }).toOutcome();
  }
}
