import { type Outcome, fatalReasonOf, isExpiredAt } from '../../domain/outcome.ts';
import type { AttemptJournal } from '../../ports/files.ts';
import type { Clock } from '../../ports/system.ts';
import { gaveUp } from '../solve/attempt-history.ts';
import type { AttemptSteps } from '../solve/attempt.ts';
import type { SolveOptions } from '../solve/solve-options.ts';
import type { Solver } from '../solve/solver.ts';
import {
  type BatchItem,
  type BatchResult,
  priorRunOf,
  type LeavePlan,
  type SolvePlan,
  type WorkPlan,
} from './batch-plan.ts';
import type { TaskSlot } from './concurrency-limit.ts';
import type { StopRules } from './stop-rules.ts';

export interface ItemDeps {
  readonly solver: Pick<Solver, 'solve'>;
  readonly journal: AttemptJournal;
  readonly rules: StopRules;
  readonly clock: Clock;
}

/** One task of a batch with its plan. */
export interface ItemWork<Plan extends WorkPlan = WorkPlan> {
  readonly item: BatchItem;
  readonly plan: Plan;
  readonly slot: TaskSlot;
}

/** Thrown instead of a submission above the limit. */
class NoMoreSubmissionsError extends Error {}

function createSteps({ item, plan, slot }: ItemWork<SolvePlan>, { journal, rules }: ItemDeps): AttemptSteps {
  const { key, task } = item;
  return {
    intend: async (attempt) => {
      if (!(await rules.maySubmit(key))) throw new NoMoreSubmissionsError();
      await journal.intend(key, plan.forgivenAttempts + attempt, plan.wasInDoubt);
    },
    refused: ({ neverSent }) => {
      if (neverSent) rules.recordUnpaid(key);
      return journal.refused(key);
    },
    submitted: ({ captchaId, submittedAt }) => {
      rules.recordAnswered(key);
      slot.recordAccepted(task.method);
      return journal.submitted(key, captchaId, submittedAt);
    },
    solvedAtOnce: () => slot.recordAccepted(task.method),
    notReady: () => slot.recordNotReady(),
  };
}

function toSolveOptions(work: ItemWork<SolvePlan>, deps: ItemDeps): SolveOptions {
  const { item, plan, slot } = work;
  const { accepted } = plan;
  if (accepted !== null) slot.recordAccepted(item.task.method, deps.clock.timestamp() - accepted.submittedAt);
  return {
    steps: createSteps(work, deps),
    earlierAttempts: plan.earlierAttempts - plan.forgivenAttempts,
    accepted,
    threads: {
      enter: (maxMs, stop) => slot.enter(maxMs, stop),
      recordFull: () => {
        deps.rules.recordUnpaid(item.key);
        slot.recordFull();
      },
    },
  };
}

/**
 * Null if the task stays open for the next run: the run was stopped, or the account or configuration fails every task.
 */
async function solve(work: ItemWork<SolvePlan>, deps: ItemDeps): Promise<Outcome | null> {
  const { solver, rules } = deps;
  const { key, task } = work.item;
  try {
    const outcome = await solver.solve(task, rules.stop, toSolveOptions(work, deps));
    const fatalReason = fatalReasonOf(outcome);
    if (fatalReason !== null) rules.stopFor(fatalReason.reason, fatalReason.message);
    const isOpen = outcome.status === 'failed' && outcome.reason === 'cancelled';
    return isOpen || fatalReason !== null ? null : outcome;
  } catch (error) {
    if (error instanceof NoMoreSubmissionsError) return null;
    throw error;
  } finally {
    rules.recordAnswered(key);
  }
}

function resultOf({ item, plan }: ItemWork<SolvePlan>, outcome: Outcome, { clock }: ItemDeps): BatchResult {
  return { item, outcome, ...priorRunOf(plan, outcome), expired: isExpiredAt(outcome, clock.timestamp()) };
}

/** Solves one task, with every step in the journal before it is taken. Null if the task stays open. */
export async function solveItem(work: ItemWork<SolvePlan>, deps: ItemDeps): Promise<BatchResult | null> {
  const outcome = await solve(work, deps);
  return outcome === null ? null : resultOf(work, outcome, deps);
}

/** Marks a task as failed that may have been paid for, instead of risking a second payment. */
export function leaveItem({ item, plan }: Pick<ItemWork<LeavePlan>, 'item' | 'plan'>): BatchResult {
  const history = { task: item.task, attempts: [], durationMs: 0 };
  const outcome = gaveUp(history, { reason: 'in-doubt', retryInMs: null });
  return { item, outcome, attemptCount: plan.earlierAttempts, possiblyCharged: true, expired: false };
}
