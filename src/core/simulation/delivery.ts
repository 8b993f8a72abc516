import type { ServiceWatch, SpanMs } from '../../ports/simulation.ts';
import { ConcurrencyLimit, type TaskSlot } from '../batch/concurrency-limit.ts';
import type { PollTiming } from '../solve/poll-pacing.ts';
import { PollPlanner } from '../solve/poll-plan.ts';
import type { SolveOptions } from '../solve/solve-options.ts';
import { SolvedShares, SolveTimes } from '../solve/solve-times.ts';
import { Solver } from '../solve/solver.ts';
import { neverAborted, noResilience, simulatedTask, type SimulationEnv } from './environment.ts';

/** A batch on an account with a few threads, without an outage. */
export interface DeliveryRequest {
  readonly threads: number;
  readonly tasks: number;
  /** How long the service works on a task. */
  readonly solveMs: SpanMs;
  readonly roundTripMs: SpanMs;
  readonly seed: number;
}

/** How a client polls, and how many tasks it has in work. */
export interface DeliverySettings {
  readonly timing: PollTiming;
  readonly concurrency: number | 'auto';
  /** True if polls are planned by the solve times seen. */
  readonly isPlanned: boolean;
}

export interface DeliveryFigures {
  /** Time between ready and delivered. */
  readonly delayMs: { readonly mean: number; readonly p95: number };
  readonly pollsPerTask: number;
  /** Submissions that were refused because all threads were busy, per task. */
  readonly refusedPerTask: number;
  /** Share of the thread time that was used until the last task was delivered, 0..1. */
  readonly threadUse: number;
}

/** Counts what reaches the service. */
class DeliveryWatch implements ServiceWatch {
  readonly delaysMs: number[] = [];
  polls = 0;
  refused = 0;

  submission(reply: string): void {
    this.refused += reply === 'full' ? 1 : 0;
  }

  poll(): void {
    this.polls += 1;
  }

  solved(delayMs: number): void {
    this.delaysMs.push(delayMs);
  }
}

/** More than any account has. */
const noCeiling = 100_000;
/** Nothing fails, so neither attempts nor delays matter. */
const options = {
  timeoutMs: Infinity,
  limits: { maxAttempts: 1, maxUnsolvable: 1 },
  backoff: { strategy: 'none', baseDelayMs: 0, maxDelayMs: 0 },
  onExhausted: 'pause',
} as const;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function solveOptions(slot: TaskSlot, method: string): SolveOptions {
  return {
    steps: {
      intend: () => undefined,
      refused: () => undefined,
      submitted: () => slot.recordAccepted(method),
      notReady: () => slot.recordNotReady(),
    },
    earlierAttempts: 0,
    accepted: null,
    threads: slot,
  };
}

/** Runs the batch in virtual time, by the production solver and concurrency limit, from a cold start on. */
async function simulateDelivery(
  { threads, tasks, solveMs, roundTripMs, seed }: DeliveryRequest,
  { timing, concurrency, isPlanned }: DeliverySettings,
  env: SimulationEnv,
): Promise<DeliveryFigures> {
  const [clock, random, watch] = [env.clock(), env.random(seed), new DeliveryWatch()];
  const model = { outage: null, roundTripMs, solveMs, capacity: null, threads };
  const api = env.service(model, { clock, random, watch });
  const times = new SolveTimes(null, { clock });
  const planner = isPlanned ? { planner: new PollPlanner(times) } : {};
  const solver = new Solver(options, {
    ...{ api, clock, random, ...noResilience, ...planner },
    ...{ emit: () => undefined, timing: () => timing },
  });
  const max = concurrency === 'auto' ? noCeiling : concurrency;
  const limit = new ConcurrencyLimit(
    { start: max, max, known: { threads, workingThreads: 0 } },
    { clock, random, shares: new SolvedShares(times), readThreads: () => api.threads() },
  );
  let endedMs = 0;
  const work = async (count: number, slot: TaskSlot): Promise<void> => {
    const task = simulatedTask(count);
    // Each has a signal of its own: Node warns about many listeners on one.
    await solver.solve(task, neverAborted(), solveOptions(slot, task.method));
    slot.release();
    endedMs = clock.nowMs();
  };
  const submitAll = async (): Promise<void> => {
    for (let count = 1; count <= tasks; count += 1) void work(count, await limit.acquire());
  };
  await Promise.all([submitAll(), clock.run()]);
  const delaysMs = watch.delaysMs.toSorted((a, b) => a - b);
  const meanSolveMs = (solveMs[0] + solveMs[1]) / 2;
  return {
    delayMs: { mean: mean(delaysMs), p95: delaysMs[Math.floor(delaysMs.length * 0.95)] ?? 0 },
    pollsPerTask: watch.polls / tasks,
    refusedPerTask: watch.refused / tasks,
    threadUse: Math.min(1, (tasks * meanSolveMs) / (threads * endedMs)),
  };
}

/** The settings of the article's client: one poll per interval from the submission on, one task in work per thread. */
function plainLoop(threads: number): DeliverySettings {
  const intervalMs = 5_000;
  const timing = { firstWaitMs: intervalMs, intervalMs, coldStartMs: [], lifetimeMs: null };
  return { timing, concurrency: threads, isPlanned: false };
}

/** The same batch by the person's settings and by the plain loop. */
export interface DeliveryComparison extends Omit<DeliveryRequest, 'roundTripMs' | 'seed'> {
  readonly own: DeliveryFigures;
  readonly plainLoop: DeliveryFigures;
}

/** Runs the batch with these settings and by a loop that polls every five seconds. */
export async function compareDelivery(
  request: DeliveryRequest,
  settings: DeliverySettings,
  env: SimulationEnv,
): Promise<DeliveryComparison> {
  const { threads, tasks, solveMs } = request;
  const own = await simulateDelivery(request, settings, env);
  return { threads, tasks, solveMs, own, plainLoop: await simulateDelivery(request, plainLoop(threads), env) };
}
