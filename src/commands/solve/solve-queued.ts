import type { Context } from '../../cli/context.ts';
import { runEmbeddedWorkers } from '../../cli/fleet/embedded-workers.ts';
import { hasWorkersElsewhere } from '../../cli/fleet/fleet-queues.ts';
import { type Fleet, fleetProbe, openFleet } from '../../cli/fleet/open-fleet.ts';
import type { LogWriter } from '../../ports/state.ts';
import { randomHex } from '../../cli/fleet/queued-flags.ts';
import { formatMs } from '../../cli/format.ts';
import { shellQuoted } from '../../domain/shell-word.ts';
import type { Override } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { newToAll } from '../../core/fleet/queue-client.ts';
import type { RoutedTask } from '../../core/fleet/task-region.ts';
import { probeRegions } from '../../core/regions/probe-regions.ts';
import { gaveUp, type FailureCause } from '../../core/solve/attempt-history.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { queueIdOf, type TaskLimits } from '../../domain/queued-task.ts';
import type { Task } from '../../domain/task.ts';

export interface QueuedSolve {
  readonly task: Task & { readonly region: string };
  readonly config: Config;
  /** Limits for the worker. */
  readonly limits: TaskLimits;
  readonly overrides: readonly Override[];
  readonly allowFastPolling: boolean;
  readonly writer: LogWriter;
}

function notSolved(task: Task, why: FailureCause['reason'], message: string): Outcome {
  const given = gaveUp({ task, attempts: [], durationMs: 0 }, { reason: why, retryInMs: null });
  return { ...given, message: `${given.message}: ${message}` };
}

/** Probes every region once: a command that solves one task has no history. */
async function probeRegionsOnce({ failover, queues }: Fleet, config: Config, context: Context): Promise<void> {
  const { regions, api, health } = config;
  if (regions.every((region) => region.health === null)) return;
  const probe = await fleetProbe(config, queues, context);
  const report = await probeRegions({ regions, baseUrl: api.baseUrl }, health, { probe, clock: context.clock });
  failover.observe(report);
}

/** Works for the regions whose queues are in this process, until `stop` aborts. */
async function workHere(
  request: QueuedSolve,
  fleet: Fleet,
  { stop, context }: { stop: AbortController; context: Context },
) {
  if (hasWorkersElsewhere(request.config)) return;
  const { overrides, allowFastPolling, writer } = request;
  const session = await context.session({ overrides, allowFastPolling, writer });
  const parts = { session, queues: fleet.queues, results: fleet.results, emit: () => undefined };
  try {
    await runEmbeddedWorkers({ ...parts, stop: stop.signal, onFatal: () => stop.abort() }, context);
  } finally {
    await session.close();
  }
}

/** Waits for the result until it arrives or the wait is stopped. */
async function outcomeOf(
  queued: RoutedTask,
  { fleet, request }: { fleet: Fleet; request: QueuedSolve },
  { interrupt, globals, terminal }: Context,
): Promise<Outcome> {
  const sent = { isQueued: false };
  const { timeoutMs } = request.config.solve;
  const onSent = (): void => {
    if (!sent.isQueued) {
      terminal.note(`queued as ${queueIdOf(queued)}: waiting for the result of a worker, up to ${formatMs(timeoutMs)}`);
    }
    sent.isQueued = true;
  };
  const result = await fleet.queueClient.dispatch(queued, { ...newToAll, onSent });
  if (result === null) {
    // After a failed attempt to send it, the task may be in its queue.
    const place = `${sent.isQueued ? 'queued' : 'its queue cannot be reached; it may be queued'} as ${queueIdOf(queued)}`;
    if (interrupt.stop.aborted) return notSolved(queued.task, 'cancelled', place);
    const flag = globals.config === null ? '' : ` --config ${shellQuoted(globals.config)}`;
    const command = `captcha${flag} results --run ${queued.run}`;
    const message = `no result within ${formatMs(timeoutMs)}; ${place}. Read the result later: ${command}`;
    return notSolved(queued.task, 'deadline-exceeded', message);
  }
  fleet.queueClient.settle(queued.key);
  return { ...result.outcome, possiblyCharged: result.possiblyCharged };
}

/** Queues the task and waits for its result, at most as long as it may take. */
async function dispatch(request: QueuedSolve, fleet: Fleet, context: Context): Promise<Outcome> {
  const { task, config, limits } = request;
  const { clock, random, interrupt } = context;
  const stop = new AbortController();
  interrupt.stop.addEventListener('abort', () => stop.abort(), { once: true });
  if (interrupt.stop.aborted) stop.abort();
  const working = workHere(request, fleet, { stop, context }).catch((error: unknown) => fleet.queueClient.fail(error));
  const collecting = fleet.queueClient.collect(stop.signal, () => working);
  void clock.sleep(config.solve.timeoutMs, stop.signal).then(() => stop.abort());
  const address = { run: fleet.queueClient.run, key: randomHex(32, random) };
  const queued: RoutedTask = {
    ...{ ...address, task, homeRegion: task.region, strict: fleet.isStrict(task), limits },
    ...{ enqueuedAt: clock.timestamp(), progress: { state: 'new' } },
  };
  try {
    return await outcomeOf(queued, { fleet, request }, context);
  } finally {
    stop.abort();
    await collecting;
  }
}

/** Has one task solved by a worker of its region, or of another where that does not serve. */
export async function solveQueued(request: QueuedSolve, context: Context): Promise<Outcome> {
  const { task, config } = request;
  const fleet = await openFleet({ run: `s-${randomHex(20, context.random)}`, isResumed: false }, config, context);
  try {
    await probeRegionsOnce(fleet, config, context);
    const { region, reason } = fleet.failover.place({ home: task.region, strict: fleet.isStrict(task) });
    if (region === null) return notSolved(task, 'no-healthy-region', reason);
    return await dispatch(request, fleet, context);
  } finally {
    await fleet.queueClient.close();
  }
}
