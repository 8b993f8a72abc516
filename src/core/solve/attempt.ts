import type { Fault, FaultKind } from '../../domain/fault.ts';
import type { Attempt } from '../../domain/outcome.ts';
import type { Task } from '../../domain/task.ts';
import type { EventSink, SolvedAtOnce } from '../../ports/api.ts';
import type { Breaker, Permit, RetryAfterGate, RetryBudget, CallResult, ThreadTurns } from '../../ports/state.ts';
import type { SubmissionGate } from '../../ports/submissions.ts';
import type { Awaitable } from '../../ports/system.ts';
import type { PollTiming } from './poll-pacing.ts';
import type { PollPlanner } from './poll-plan.ts';
import { pollUntilDone, type PollDeps, type PollSuccess, type PollEvent, thrownFault } from './poller.ts';
import type { UsageSink } from './usage-recorder.ts';

export interface AttemptDeps extends PollDeps {
  readonly breaker: Breaker;
  readonly budget: RetryBudget;
  /** Left out, the tasks of a solver share one in memory. */
  readonly retryAfterGate?: RetryAfterGate;
  /** Left out where each task waits for a free thread by itself. */
  readonly threadTurns?: ThreadTurns;
  /** Left out where nothing can be held and limited. */
  readonly submissions?: SubmissionGate;
  readonly emit: EventSink;
  /** Counts the use of the account. Left out if nothing is counted. */
  readonly usage?: UsageSink;
  /** The poll timing of the task's method. */
  readonly timing: (task: Task) => PollTiming;
  /** The inputs of a task that one submission uses up, by name; left out if no task has any. */
  readonly singleUse?: (task: Task) => readonly string[];
  /** Plans polls from the solve times seen. Left out, every task is polled as in a cold start. */
  readonly planner?: PollPlanner;
}

/** A paid id of an earlier run. `submittedAt` in epoch ms. */
export interface Accepted {
  readonly captchaId: string;
  readonly submittedAt: number;
}

/** Records every step of an attempt before it is taken, so that a crash loses nothing and pays nothing twice. */
export interface AttemptSteps {
  /** Before the submission: from now on the task may have been paid for. */
  intend(attempt: number): Awaitable<void>;
  /** The submission was refused, or never left this machine: nothing was paid for. */
  refused(fault: Fault): Awaitable<void>;
  /** Before the first poll. */
  submitted(accepted: Accepted): Awaitable<void>;
  /** The solution came with the answer to the submission; its task ends. Left out if accepted tasks are not counted. */
  solvedAtOnce?(): void;
  /** A poll found that the service still works on the task. Left out if that is of no interest. */
  notReady?(): void;
}

export interface AttemptRequest {
  readonly task: Task;
  /** Counts from 1. */
  readonly attempt: number;
  readonly deadlineAtMs: number;
  /** A permit to submit, or the id of an earlier submission. */
  readonly start: { readonly permit: Permit; readonly countedAtMs?: number | null } | { readonly accepted: Accepted };
  readonly steps: AttemptSteps;
}

export interface AttemptResult {
  readonly record: Attempt;
  readonly solved: Pick<PollSuccess, 'solution' | 'solvedAt'> | null;
}

type Submission =
  | (Accepted & { readonly submitMs: number | null })
  | { readonly fault: Fault }
  | { readonly atOnce: SolvedAtOnce; readonly submitMs: number };

/** What the breaker learns from a submission's fault: any valid answer means that the service is available. */
const callResults: Record<FaultKind, CallResult> = {
  transport: 'failure',
  timeout: 'failure',
  throttled: 'busy',
  unsolvable: 'success',
  rejected: 'success',
  account: 'success',
  // The answer came from another server, or the service was never reached.
  config: 'abandoned',
  local: 'abandoned',
};

/** Throws `error` after `cleanUp`. An error of the clean-up is dropped because it explains less. */
async function throwAfter(error: unknown, cleanUp: () => Promise<void>): Promise<never> {
  await Promise.allSettled([cleanUp()]);
  throw error;
}

/** The answer to one submission, and its send time on the monotonic clock. */
async function send({ attempt, steps, task, deadlineAtMs }: AttemptRequest, { api, clock, emit, usage }: AttemptDeps) {
  await steps.intend(attempt);
  emit({ type: 'submitting', taskId: task.taskId, attempt, region: task.region });
  const sentMs = clock.nowMs();
  const answer = await api.submit(task, { timeLeftMs: deadlineAtMs - sentMs }).catch(thrownFault);
  if (!(typeof answer === 'object' && 'kind' in answer && answer.neverSent)) usage?.recordSubmission(task);
  return { sentMs, answer };
}

async function submit(plan: AttemptRequest, permit: Permit, deps: AttemptDeps): Promise<Submission> {
  const { attempt, steps, task, deadlineAtMs } = plan;
  const { clock, breaker } = deps;
  // After an error before or during the submission the permit goes back to the breaker.
  const abandon = async (): Promise<void> => breaker.record(permit, 'abandoned');
  const { answer, sentMs } = await send(plan, deps).catch((error: unknown) => throwAfter(error, abandon));
  if (typeof answer === 'object' && 'kind' in answer) {
    // Nothing is sent after the deadline, so the fault says nothing about the service.
    await breaker.record(permit, sentMs < deadlineAtMs ? callResults[answer.kind] : 'abandoned');
    if (answer.threadsFull) deps.usage?.recordBounced(task);
    if (!answer.answerLost) await steps.refused(answer);
    return { fault: answer };
  }
  const submitMs = clock.nowMs() - sentMs;
  deps.usage?.recordAccepted(task);
  const accept = async (): Promise<void> => {
    await breaker.record(permit, 'success');
    await deps.budget.deposit();
  };
  if (typeof answer === 'object') {
    steps.solvedAtOnce?.();
    await accept();
    return { atOnce: answer, submitMs };
  }
  const submission = { captchaId: answer, submittedAt: clock.timestamp(), submitMs };
  // The id is reported and recorded first, so that it can be collected after any later failure.
  try {
    deps.emit({ type: 'submitted', taskId: task.taskId, attempt, captchaId: answer, roundTripMs: submission.submitMs });
    await steps.submitted(submission);
  } catch (error) {
    return throwAfter(error, accept);
  }
  await accept();
  return submission;
}

/** The result of an attempt that the answer to its submission ended. */
function endedAtOnce(
  submission: Exclude<Submission, Accepted>,
  begun: Pick<Attempt, 'attempt' | 'region' | 'startedAt' | 'durationMs'>,
  answeredAt: number,
): AttemptResult {
  const unpolled = { pollMs: [], pollFaultCount: 0 };
  if ('fault' in submission) {
    const { fault } = submission;
    const nothingAccepted = { captchaId: null, submittedAt: null, submitMs: null };
    return {
      record: { ...begun, ...nothingAccepted, ...unpolled, fault, possiblyCharged: fault.answerLost },
      solved: null,
    };
  }
  const { atOnce, submitMs } = submission;
  const { captchaId, solution } = atOnce;
  // The service accepted the task at this time at the earliest, and may have had the solution from then on.
  const submittedAt = answeredAt - submitMs;
  const accepted = { captchaId, submittedAt, submitMs };
  const record = { ...begun, ...accepted, ...unpolled, fault: null, possiblyCharged: false };
  return { record, solved: { solution, solvedAt: submittedAt } };
}

/** How long ago an id of an earlier run was submitted, in ms; 0 where another machine's clock is ahead of this one's. */
export const ageOf = ({ submittedAt }: Accepted, clock: AttemptDeps['clock']): number =>
  Math.max(0, clock.timestamp() - submittedAt);

/** The poll schedule of an attempt. `resumedAgeMs`: the age of an id of an earlier run; null for a new submission. */
function scheduleOf({ task }: AttemptRequest, { timing: timingOf, planner }: AttemptDeps, resumedAgeMs: number | null) {
  const timing = timingOf(task);
  const planMs = planner?.planMs(task.method, timing) ?? timing.coldStartMs;
  return { timing, planMs, ...(resumedAgeMs !== null && { resumedAgeMs }) };
}

/** One submission and its polls. The submission is sent once and never repeated here, whatever happens to the polls. */
export async function runAttempt(plan: AttemptRequest, deps: AttemptDeps): Promise<AttemptResult> {
  const { task, attempt, deadlineAtMs, start } = plan;
  const { clock, emit } = deps;
  // An id of an earlier run began with its submission, wherever that was.
  const resumedAgeMs = 'accepted' in start ? ageOf(start.accepted, clock) : null;
  const startedMs = clock.nowMs() - (resumedAgeMs ?? 0);
  const startedAt = clock.timestamp() - (resumedAgeMs ?? 0);
  const submission = 'permit' in start ? await submit(plan, start.permit, deps) : { ...start.accepted, submitMs: null };
  if (!('submittedAt' in submission)) {
    const begun = { attempt, region: task.region, startedAt, durationMs: clock.nowMs() - startedMs };
    return endedAtOnce(submission, begun, clock.timestamp());
  }
  const report = (event: PollEvent): void => {
    if (event.type === 'not-ready') plan.steps.notReady?.();
    emit({ ...event, taskId: task.taskId, attempt });
  };
  const { captchaId, submittedAt, submitMs } = submission;
  const pollRequest = { captchaId, deadlineAtMs, report, ...scheduleOf(plan, deps, resumedAgeMs) };
  const { end, pollMs, pollFaultCount } = await pollUntilDone(pollRequest, deps);
  // For an id of an earlier run it is unknown when it was last seen as not ready.
  if ('solution' in end && 'permit' in start) deps.planner?.times.record(task.method, end.solveTime);
  // Fields are listed one by one: this runs for every task, and a spread takes a hundred times as long.
  const record = {
    attempt,
    region: task.region,
    startedAt,
    captchaId,
    submittedAt,
    submitMs,
    durationMs: clock.nowMs() - startedMs,
    pollMs,
    pollFaultCount,
    possiblyCharged: 'fault' in end && end.fault.answerLost,
    fault: 'fault' in end ? end.fault : null,
  };
  if ('fault' in end) return { record, solved: null };
  // The clock may have been set back, and that of another machine may be ahead of this one's.
  return { record, solved: { solution: end.solution, solvedAt: Math.max(submittedAt, end.solvedAt) } };
}
