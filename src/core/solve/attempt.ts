import { type Fault, ProviderFault } from '../../domain/fault.ts';
import type { Attempt } from '../../domain/outcome.ts';
import type { Solution } from '../../domain/solution.ts';
import type { Task } from '../../domain/task.ts';
import type { Breaker, Pass, Verdict } from '../../ports/breaker.ts';
import type { EventSink } from '../../ports/event-sink.ts';
import type { RetryBudget } from '../../ports/retry-budget.ts';
import { collect, type CollectDeps, type PollEvent } from './collect.ts';
import type { PollTiming } from './poll-schedule.ts';

export interface AttemptDeps extends CollectDeps {
  readonly breaker: Breaker;
  readonly budget: RetryBudget;
  readonly emit: EventSink;
  /** How the task's method is polled. */
  readonly timing: (task: Task) => PollTiming;
}

export interface AttemptPlan {
  readonly task: Task;
  /** Counts from 1. */
  readonly attempt: number;
  readonly deadlineAtMs: number;
  readonly pass: Pass;
}

export interface AttemptEnd {
  readonly record: Attempt;
  readonly solved: { readonly solution: Solution; readonly solvedAt: number } | null;
}

type Submission = { readonly captchaId: string; readonly roundTripMs: number } | { readonly fault: Fault };

/** What a submission's fault says about the service: any coherent answer means that it is there. */
function verdictOf({ kind }: Fault): Verdict {
  if (kind === 'transport' || kind === 'timeout') return 'failure';
  return kind === 'throttled' ? 'busy' : 'success';
}

async function submit({ task, attempt, deadlineAtMs, pass }: AttemptPlan, deps: AttemptDeps): Promise<Submission> {
  const { api, clock, breaker, budget, emit } = deps;
  const sentMs = clock.nowMs();
  emit({ type: 'submitting', taskId: task.taskId, attempt, region: task.region });
  try {
    const captchaId = await api.submit(task, { timeLeftMs: deadlineAtMs - sentMs });
    const roundTripMs = clock.nowMs() - sentMs;
    emit({ type: 'submitted', taskId: task.taskId, attempt, captchaId, roundTripMs });
    await breaker.record(pass, 'success');
    await budget.deposit();
    return { captchaId, roundTripMs };
  } catch (error) {
    if (!(error instanceof ProviderFault)) throw error;
    await breaker.record(pass, verdictOf(error.fault));
    return { fault: error.fault };
  }
}

/** One submission and its polls. The submission is sent once; whatever happens to polls, it is never sent again here. */
export async function runAttempt(plan: AttemptPlan, deps: AttemptDeps): Promise<AttemptEnd> {
  const { task, attempt, deadlineAtMs } = plan;
  const { clock, emit } = deps;
  const startedMs = clock.nowMs();
  const begun = { attempt, region: task.region, startedAt: clock.timestamp() };
  const submission = await submit(plan, deps);
  if ('fault' in submission) {
    const { fault } = submission;
    const nothingAccepted = { captchaId: null, submittedAt: null, submitMs: null, pollMs: [], pollFaultCount: 0 };
    const ended = { durationMs: clock.nowMs() - startedMs, fault, possiblyCharged: fault.answerLost };
    return { record: { ...begun, ...nothingAccepted, ...ended }, solved: null };
  }
  const { captchaId, roundTripMs } = submission;
  const submittedAt = clock.timestamp();
  const report = (event: PollEvent): void => emit({ ...event, taskId: task.taskId, attempt });
  const { end, pollMs, pollFaultCount } = await collect(
    { captchaId, timing: deps.timing(task), deadlineAtMs, report },
    deps,
  );
  const accepted = { captchaId, submittedAt, submitMs: roundTripMs, pollMs, pollFaultCount, possiblyCharged: false };
  const ended = { durationMs: clock.nowMs() - startedMs, fault: 'fault' in end ? end.fault : null };
  return { record: { ...begun, ...accepted, ...ended }, solved: 'fault' in end ? null : end };
}
