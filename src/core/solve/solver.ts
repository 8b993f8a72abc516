import type { Attempt, Outcome } from '../../domain/outcome.ts';
import type { Task } from '../../domain/task.ts';
import type { Pass } from '../../ports/breaker.ts';
import { type BackoffOptions, startBackoff } from '../retry/backoff.ts';
import { decideRetry, type RetryDecision, type RetryLimits } from '../retry/decide-retry.ts';
import { type AttemptDeps, runAttempt } from './attempt.ts';
import { gaveUp, liveIdOf, solved, type WhyGivenUp } from './outcome-of.ts';

export interface SolverOptions {
  /** The one limit of a task across attempts, waits and polls, in ms. */
  readonly timeoutMs: number;
  readonly limits: RetryLimits;
  readonly backoff: BackoffOptions;
  /** What to do when the budget or the breaker says no: give the task up, or wait within its deadline. */
  readonly onExhausted: 'fail' | 'wait';
}

type Entry = { readonly pass: Pass } | WhyGivenUp;

/** One task on its way: what it has been through, and how long it still has. */
class Run {
  readonly #options: SolverOptions;
  readonly #deps: AttemptDeps;
  readonly #task: Task;
  readonly #stop: AbortSignal;
  readonly #startedMs: number;
  readonly #deadlineAtMs: number;
  readonly #backoffMs: (retry: number) => number;
  readonly #attempts: Attempt[] = [];

  constructor(task: Task, { options, deps, stop }: { options: SolverOptions; deps: AttemptDeps; stop: AbortSignal }) {
    this.#options = options;
    this.#deps = deps;
    this.#task = task;
    this.#stop = stop;
    this.#startedMs = deps.clock.nowMs();
    this.#deadlineAtMs = this.#startedMs + options.timeoutMs;
    this.#backoffMs = startBackoff(options.backoff, deps.random);
  }

  async toOutcome(): Promise<Outcome> {
    for (;;) {
      const entry = await this.#enter();
      if ('reason' in entry) return this.#giveUp(entry);
      const found = await this.#attempt(entry.pass);
      if (found !== null) return found;
      const decision = await this.#decide();
      if (!decision.retry) return this.#giveUp(decision);
      await this.#deps.clock.sleep(decision.waitMs, this.#stop);
    }
  }

  #timeLeftMs(): number {
    return this.#deadlineAtMs - this.#deps.clock.nowMs();
  }

  #about(): { taskId: string; attempt: number } {
    return { taskId: this.#task.taskId, attempt: Math.max(1, this.#attempts.length) };
  }

  #course(): { task: Task; attempts: readonly Attempt[]; durationMs: number } {
    return { task: this.#task, attempts: this.#attempts, durationMs: this.#deps.clock.nowMs() - this.#startedMs };
  }

  /** A pass from the breaker, waited for where that is wanted and the deadline allows it. */
  async #enter(): Promise<Entry> {
    for (;;) {
      const ended = this.#whyEnded();
      if (ended !== null) return ended;
      const admission = await this.#deps.breaker.tryEnter();
      if (admission.admitted) return this.#use(admission.pass);
      const { retryInMs } = admission;
      this.#deps.emit({ type: 'breaker-refused', ...this.#about(), retryInMs });
      const mayWait = this.#options.onExhausted === 'wait' && retryInMs < this.#timeLeftMs();
      if (!mayWait) return { reason: 'breaker-open', retryInMs };
      await this.#deps.clock.sleep(retryInMs, this.#stop);
    }
  }

  /** A breaker that is shared takes time to answer: the task may have ended meanwhile. */
  async #use(pass: Pass): Promise<Entry> {
    const ended = this.#whyEnded();
    if (ended === null) return { pass };
    await this.#deps.breaker.record(pass, 'abandoned');
    return ended;
  }

  #whyEnded(): WhyGivenUp | null {
    if (this.#stop.aborted) return { reason: 'cancelled', retryInMs: null };
    return this.#timeLeftMs() <= 0 ? { reason: 'deadline-exceeded', retryInMs: null } : null;
  }

  async #attempt(pass: Pass): Promise<Outcome | null> {
    const attempt = this.#attempts.length + 1;
    const plan = { task: this.#task, attempt, deadlineAtMs: this.#deadlineAtMs, pass };
    const end = await runAttempt(plan, this.#deps);
    this.#attempts.push(end.record);
    if (end.record.fault !== null) {
      this.#deps.emit({ type: 'attempt-failed', ...this.#about(), fault: end.record.fault });
    }
    if (end.solved === null) return null;
    const { lifetimeMs } = this.#deps.timing(this.#task);
    const outcome = solved(this.#course(), { ...end.solved, lifetimeMs });
    const { captchaId, durationMs } = outcome;
    this.#deps.emit({ type: 'solved', ...this.#about(), captchaId, durationMs });
    return outcome;
  }

  /** Whether and when to submit again. The token is taken here, before the wait: what waits has paid already. */
  async #decide(): Promise<RetryDecision> {
    const decision = decideRetry(this.#options.limits, {
      faults: this.#attempts.flatMap(({ fault }) => fault ?? []),
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
    const withdrawal = await this.#deps.budget.tryWithdraw({
      onExhausted: this.#options.onExhausted,
      maxWaitMs: Math.max(0, this.#timeLeftMs()),
      taskId: this.#task.taskId,
    });
    if (!withdrawal.granted) {
      const { retryInMs } = withdrawal;
      this.#deps.emit({ type: 'budget-refused', ...this.#about(), retryInMs });
      return { retry: false, reason: 'budget-exhausted', retryInMs };
    }
    const waitMs = Math.max(backoffMs, withdrawal.waitMs);
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
  readonly #deps: AttemptDeps;

  constructor(options: SolverOptions, deps: AttemptDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  solve(task: Task, stop: AbortSignal): Promise<Outcome> {
    return new Run(task, { options: this.#options, deps: this.#deps, stop }).toOutcome();
  }
}
