import { type Fault, faultName } from '../../domain/fault.ts';
import type { Attempt, Outcome } from '../../domain/outcome.ts';
import type { Task } from '../../domain/task.ts';
import type { Permit, RetryAfterGate } from '../../ports/state.ts';
import { type BackoffOptions, startBackoff } from '../resilience/backoff.ts';
import { ProcessRetryAfterGate } from '../resilience/retry-after-gate.ts';
import { decideRetry, type RetryDecision, type RetryLimits, withJitter } from '../resilience/retry-decision.ts';
import { WaiterBackoff, AdmissionGate, type StoppedSubmission } from './admission-gate.ts';
import { gaveUp, liveIdOf, solved, type FailureCause } from './attempt-history.ts';
import { ageOf, type AttemptDeps, type AttemptRequest, runAttempt } from './attempt.ts';
import { Deadline } from './deadline.ts';
import type { PollSuccess } from './poller.ts';
import { type SolveOptions, limitsIn, defaultSolveOptions, spentAttempts, type ThreadGate } from './solve-options.ts';
import { ThreadWaiter } from './thread-waiter.ts';

export interface SolverOptions {
  /** The time limit of a task for all attempts, waits and polls, in ms. */
  readonly timeoutMs: number;
  readonly limits: RetryLimits;
  readonly backoff: BackoffOptions;
  /**
   * What to do when the budget or the breaker refuses: `fail` gives the task up, `wait` waits within its deadline, `pause`
   * waits without a limit and extends the deadline by the wait.
   */
  readonly onExhausted: 'fail' | 'wait' | 'pause';
}

/** The latest fault of any task of a solver. */
interface LatestFault {
  fault: Fault | null;
}

interface RunParts {
  readonly options: SolverOptions;
  readonly deps: AttemptDeps & {
    readonly retryAfterGate: RetryAfterGate;
    readonly waiters: WaiterBackoff;
    readonly latest: LatestFault;
  };
  readonly stop: AbortSignal;
  readonly solveOptions: SolveOptions;
}

type Start = AttemptRequest['start'];

/** A task that pauses delays its last attempt by this many base delays, so that the breaker can open first. */
const lastChance = 10;

/**
 * The probe permit of a failed attempt that probed an unavailable service; null for any other attempt. A probe is made for
 * all waiting tasks, so it must not use up an attempt of its own task.
 */
function probePermitOf(start: Start, { captchaId, fault }: Attempt): Permit | null {
  if (!('permit' in start) || start.permit.ticket === undefined || captchaId !== null) return null;
  if (fault === null || fault.answerLost) return null;
  return fault.kind === 'transport' || fault.kind === 'timeout' ? start.permit : null;
}

/** The state of one running task: its attempts so far and its deadline. */
class Run {
  readonly #options: SolverOptions;
  readonly #deps: RunParts['deps'];
  readonly #task: Task;
  readonly #stop: AbortSignal;
  readonly #solveOptions: SolveOptions;
  readonly #time: Deadline;
  /** How long the task was in work elsewhere before this run, in ms. */
  readonly #earlierMs: number;
  readonly #admission: AdmissionGate;
  readonly #backoffMs: (retry: number) => number;
  readonly #attempts: Attempt[] = [];
  readonly #threads: ThreadGate | null;
  /** The service had no free thread for the latest submission. */
  #isRefusedThread = false;
  #refusal: Fault | null = null;
  /** Number of attempts that were probes of an unavailable service. */
  #trialCount = 0;

  constructor(task: Task, { options, deps, stop, solveOptions }: RunParts) {
    this.#options = options;
    this.#deps = deps;
    this.#task = task;
    this.#stop = stop;
    this.#solveOptions = solveOptions;
    const { timeoutMs, onExhausted } = options;
    const attemptNeedsMs = deps.timing(task).intervalMs;
    this.#earlierMs = solveOptions.accepted === null ? 0 : ageOf(solveOptions.accepted, deps.clock);
    this.#time = new Deadline({ timeoutMs, attemptNeedsMs, isPaused: onExhausted === 'pause' }, deps.clock);
    const onRefused = (refusal: { retryInMs: number; isWaiting: boolean }): void =>
      deps.emit({ type: 'breaker-refused', ...this.#about(), ...refusal, fault: deps.latest.fault });
    const onStopped = (stopped: StoppedSubmission): void =>
      deps.emit({ type: 'submission-refused', ...this.#about(), ...stopped });
    const failsFast = onExhausted === 'fail';
    // A task that waits for a free thread has said so.
    const onCooldown = (waitMs: number): void =>
      this.#isRefusedThread ? undefined : deps.emit({ type: 'cooling-down', ...this.#about(), waitMs });
    const told = { onCooldown, onRefused, onStopped };
    this.#admission = new AdmissionGate({ deps, taskId: task.taskId, time: this.#time, stop, failsFast, ...told });
    this.#backoffMs = startBackoff(options.backoff, deps.random);
    const { threadTurns } = deps;
    const waiter = { clock: deps.clock, random: deps.random, ...(threadTurns && { turns: threadTurns }) };
    this.#threads = solveOptions.threads ?? (failsFast ? null : new ThreadWaiter(waiter));
  }

  async toOutcome(): Promise<Outcome> {
    const { accepted } = this.#solveOptions;
    let start: Start | FailureCause = accepted === null ? await this.#enter() : { accepted };
    for (;;) {
      if ('reason' in start) return this.#giveUp(start);
      const { record, solved: found } = await runAttempt(this.#plan(start), this.#deps);
      if (found !== null) return this.#succeed(record, found);
      start = await this.#enterAfter(await this.#decideAfter(start, record));
    }
  }

  #plan(start: Start): AttemptRequest {
    const { steps, earlierAttempts, accepted } = this.#solveOptions;
    const attempt = earlierAttempts + this.#attempts.length + (accepted === null ? 1 : 0);
    return { task: this.#task, attempt, deadlineAtMs: this.#time.deadlineAtMs, start, steps };
  }

  async #enterAfter(decision: RetryDecision): Promise<Start | FailureCause> {
    if (!decision.retry) return decision;
    await this.#deps.clock.sleep(decision.waitMs, this.#stop);
    return this.#enter();
  }

  /** Waits for a free thread, then for the service and the breaker. */
  async #enter(): Promise<Start | FailureCause> {
    const maxMs = this.#isRefusedThread ? this.#time.forThreadMs() : this.#time.leftMs();
    const isFree = this.#threads === null || (await this.#threads.enter(maxMs, this.#stop));
    if (isFree) return this.#admission.enter();
    this.#isRefusedThread = true;
    return { reason: 'deadline-exceeded', retryInMs: null };
  }

  #about(): { taskId: string; attempt: number } {
    const earlier = Math.max(1, this.#solveOptions.earlierAttempts);
    return { taskId: this.#task.taskId, attempt: this.#attempts.at(-1)?.attempt ?? earlier };
  }

  /** The inputs that the accepted submission of an attempt has used up, by name. */
  #usedUp(attempt: Attempt | undefined): readonly string[] {
    return (attempt?.captchaId ?? null) === null ? [] : (this.#deps.singleUse?.(this.#task) ?? []);
  }

  #history(): { task: Task; attempts: readonly Attempt[]; durationMs: number } {
    return { task: this.#task, attempts: this.#attempts, durationMs: this.#earlierMs + this.#time.elapsedMs() };
  }

  /** Applies the `Retry-After` of a fault. While the run pauses, this wait extends the deadline. */
  async #heedRequest({ kind, retryAfterMs }: Fault): Promise<void> {
    if (kind !== 'throttled' || retryAfterMs === null) return;
    await this.#deps.retryAfterGate.extend(retryAfterMs);
    this.#time.extend(withJitter(retryAfterMs, 1));
  }

  async #decideAfter(start: Start, record: Attempt): Promise<RetryDecision> {
    const { onExhausted } = this.#options;
    const goOn = { retry: true, waitMs: 0 } as const;
    const { fault } = record;
    if (this.#threads !== null && record.captchaId === null && fault?.threadsFull === true) {
      await this.#recordFull(this.#threads, start, fault);
      return goOn;
    }
    this.#isRefusedThread = false;
    const probePermit = probePermitOf(start, record);
    if (fault !== null) this.#deps.latest.fault = fault;
    if (fault !== null && probePermit?.probe === true && onExhausted === 'pause') {
      this.#deps.emit({ type: 'probe-failed', ...this.#about(), fault });
      return goOn;
    }
    if (probePermit !== null && onExhausted === 'wait') this.#trialCount += 1;
    this.#record(record);
    const isTurnedAway = onExhausted === 'fail' && record.captchaId === null && fault?.threadsFull === true;
    return isTurnedAway ? { retry: false, reason: 'attempts-exhausted', retryInMs: null } : this.#decide();
  }

  /** The service had no free thread: the task waits for one and is submitted again. */
  async #recordFull(threads: ThreadGate, start: Start, fault: Fault): Promise<void> {
    this.#deps.emit({ type: 'threads-full', ...this.#about(), fault });
    // Nothing was submitted, so a limit must not count it.
    const countedAtMs = 'permit' in start ? (start.countedAtMs ?? null) : null;
    if (countedAtMs !== null) await this.#deps.submissions?.giveBack(countedAtMs);
    // A wait that the service itself asks for is one for all tasks.
    if (fault.retryAfterMs !== null) await this.#deps.retryAfterGate.extend(fault.retryAfterMs);
    threads.recordFull();
    this.#isRefusedThread = true;
    this.#refusal = fault;
  }

  #record(record: Attempt): void {
    this.#attempts.push(record);
    const { fault } = record;
    if (fault !== null) this.#deps.emit({ type: 'attempt-failed', ...this.#about(), fault, liveId: liveIdOf(record) });
  }

  #succeed(record: Attempt, { solution, solvedAt }: Pick<PollSuccess, 'solution' | 'solvedAt'>): Outcome {
    this.#record(record);
    const { lifetimeMs } = this.#deps.timing(this.#task);
    const outcome = solved(this.#history(), { solution, solvedAt, lifetimeMs });
    const { taskId, captchaId, durationMs } = outcome;
    this.#deps.emit({ type: 'solved', taskId, attempt: record.attempt, captchaId, durationMs });
    return outcome;
  }

  /** Decides whether and when to submit again. The token is taken before the wait, so waiting tasks have paid already. */
  async #decide(): Promise<RetryDecision> {
    const faults = this.#attempts.flatMap(({ fault }) => fault ?? []);
    const last = faults.at(-1);
    const attempt = this.#attempts.at(-1);
    if (last !== undefined && attempt?.captchaId === null) await this.#heedRequest(last);
    const { onExhausted, backoff } = this.#options;
    const limits = limitsIn(this.#solveOptions, this.#options.limits, this.#trialCount);
    const decision = decideRetry(limits, {
      faults,
      attemptNeedsMs: this.#deps.timing(this.#task).intervalMs,
      idMayBeAlive: liveIdOf(attempt) !== null,
      isInputUsedUp: this.#usedUp(attempt).length > 0,
      timeLeftMs: this.#time.leftMs(),
      backoffMs: this.#backoffMs(this.#attempts.length),
      lastChanceMs: onExhausted === 'pause' ? lastChance * backoff.baseDelayMs : 0,
      jitter: this.#deps.random.next(),
    });
    if (!decision.retry) return decision;
    return this.#stop.aborted
      ? { retry: false, reason: 'cancelled', retryInMs: null }
      : this.#withdraw(decision.waitMs, limits, last);
  }

  async #withdraw(backoffMs: number, limits: RetryLimits, fault: Fault | undefined): Promise<RetryDecision> {
    const { onExhausted } = this.#options;
    const withdrawal = await this.#deps.budget.tryWithdraw({
      onExhausted: onExhausted === 'fail' ? 'fail' : 'wait',
      maxWaitMs: this.#time.remainingMs(),
      taskId: this.#task.taskId,
      ...(fault !== undefined && { fault: faultName(fault) }),
    });
    if (!withdrawal.granted) {
      const { retryInMs } = withdrawal;
      this.#deps.emit({ type: 'budget-refused', ...this.#about(), retryInMs });
      return { retry: false, reason: 'budget-exhausted', retryInMs };
    }
    const waitMs = Math.max(backoffMs, withdrawal.waitMs);
    this.#time.extend(waitMs - backoffMs);
    const maxAttempts = spentAttempts(this.#solveOptions) + limits.maxAttempts;
    this.#deps.emit({ type: 'retrying', ...this.#about(), maxAttempts, waitMs, budgetBalance: withdrawal.balance });
    return { retry: true, waitMs };
  }

  /** Adds the details of a refusal by the budget or the breaker. */
  #withEvidence(why: FailureCause): FailureCause {
    const { budget, breaker } = this.#deps;
    if (why.reason === 'deadline-exceeded' && this.#isRefusedThread) {
      const last = this.#refusal === null ? '' : `; last answer: ${this.#refusal.message}`;
      return { ...why, evidence: `no free thread${last}`, code: this.#refusal?.code ?? null };
    }
    const usage = why.reason === 'budget-exhausted' ? budget.usage?.() : undefined;
    const outage = why.reason === 'breaker-open' ? (breaker.outage?.() ?? undefined) : undefined;
    if (usage !== undefined) {
      const where = usage.scope === 'host' ? 'on this host' : 'in this process';
      return { ...why, evidence: `${usage.granted} granted, ${usage.refused} refused ${where}` };
    }
    if (outage === undefined) return why;
    const times = outage.failuresInARow === 1 ? '1 failure' : `${outage.failuresInARow} failures in a row`;
    return { ...why, evidence: `for ${Math.round(outage.openForMs / 1_000)} s, ${times}` };
  }

  #giveUp(why: FailureCause): Outcome {
    const usedUp = why.reason === 'unsolvable' ? this.#usedUp(this.#attempts.at(-1)) : [];
    const lastFault = this.#deps.latest.fault;
    const outcome = gaveUp(this.#history(), { ...this.#withEvidence(why), usedUp, lastFault });
    this.#deps.emit({ type: 'gave-up', ...this.#about(), reason: outcome.reason, message: outcome.message });
    return outcome;
  }
}

/**
 * Solves tasks with one outcome each. This is the only loop that retries. It never throws because of the service; an error
 * is a bug. After `stop` aborts there are no further submissions, waits end, and paid tasks are still collected.
 */
export class Solver {
  readonly #options: SolverOptions;
  readonly #deps: RunParts['deps'];

  constructor(options: SolverOptions, deps: AttemptDeps) {
    this.#options = options;
    this.#deps = {
      retryAfterGate: new ProcessRetryAfterGate(deps),
      waiters: new WaiterBackoff(),
      latest: { fault: null },
      ...deps,
    };
  }

  async solve(task: Task, stop: AbortSignal, solveOptions: SolveOptions = defaultSolveOptions): Promise<Outcome> {
    const { usage } = this.#deps;
    usage?.begin();
    let outcome: Outcome | null = null;
    try {
      outcome = await new Run(task, { options: this.#options, deps: this.#deps, stop, solveOptions }).toOutcome();
      return outcome;
    } finally {
      // The submission of a run that was killed may have been charged.
      const wasInDoubt = solveOptions.accepted === null && solveOptions.earlierAttempts > 0;
      usage?.end(task, outcome, wasInDoubt);
    }
  }
}
