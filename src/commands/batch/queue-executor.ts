import type { Context } from '../../cli/context.ts';
import { type EmbeddedParts, runEmbeddedWorkers } from '../../cli/fleet/embedded-workers.ts';
import { hasWorkersElsewhere, isEmbedded, queueUrls } from '../../cli/fleet/fleet-queues.ts';
import { type Fleet, followHealth, openFleet } from '../../cli/fleet/open-fleet.ts';
import { randomHex } from '../../cli/fleet/queued-flags.ts';
import type { Config } from '../../config/schema.ts';
import type { BatchResult } from '../../core/batch/batch-plan.ts';
import { dispatchItem, journaledQueue, queueKeyOf } from '../../core/fleet/dispatch-item.ts';
import { requestsOf } from '../../core/fleet/worker-metrics.ts';
import type { TaskLimits } from '../../domain/queued-task.ts';
import { renderQueued } from './view.ts';
import type { TaskExecutor, ExecutorDeps } from './direct-executor.ts';

/** Default number of tasks that are queued or running at once. */
const defaultWindow = 1_000;

/** How many tasks of a batch may be on their way at once: many more than there are workers, few enough to hold. */
export function windowOf(configured: Config['batch']['concurrency']): { start: number; max: number } {
  const most = configured === 'auto' ? defaultWindow : configured;
  return { start: most, max: most };
}

/** Workers in this process, for regions whose queues end with it; what they do is in the journal of the batch. */
async function workEmbedded(fleet: Fleet, parts: ExecutorDeps, context: Context): Promise<void> {
  const { session, journal, rules, emit } = parts;
  const opener = await context.queues(session.config);
  const urls = [...queueUrls(session.config)];
  const embedded = urls.filter(([, url]) => isEmbedded(url));
  const opened = embedded.map(async ([region, url]) => {
    return [region, journaledQueue(await opener.tasks(region, url), journal)] as const;
  });
  const work: EmbeddedParts = {
    ...{ session, emit, queues: new Map(await Promise.all(opened)), results: fleet.results, stop: rules.stop },
    onFatal: ({ reason, message }) => rules.stopFor(reason, message),
  };
  if (work.queues.size > 0) await runEmbeddedWorkers(work, context);
}

/** Every task goes to the queue of its region, and its result comes back from the central one. */
export async function solveInRegions(
  parts: ExecutorDeps & { limits: TaskLimits },
  context: Context,
): Promise<TaskExecutor> {
  const { session, journal, rules, limits } = parts;
  const { clock } = context;
  const { config } = session;
  const ended = new AbortController();
  const run = journal.header.run ?? `b-${randomHex(20, context.random)}`;
  const fleet = await openFleet({ run, isResumed: journal.isResumed }, config, context);
  const { queueClient, failover, queues } = fleet;
  const counts = { submissionCount: 0, requestCount: 0 };
  const isAlone = !hasWorkersElsewhere(config);
  // A queue that ends with the process knows nothing of an earlier task.
  const generation = isAlone ? (): number => 0 : journal.generationOf.bind(journal);
  const keys = new Map<string, string>();
  const fail = (error: unknown): void => queueClient.fail(error);
  const following = followHealth(failover, { config, queues, signal: ended.signal }, context).catch(fail);
  const working = workEmbedded(fleet, parts, context).catch(fail);
  const noteLeft = (left: ReadonlyMap<string, number>): void => {
    if (!isAlone && left.size > 0) context.terminal.note(renderQueued(left));
  };
  const collecting = queueClient.collect(rules.stop, () => working, noteLeft).catch(fail);
  const isStrict = fleet.isStrict.bind(fleet);
  return {
    solve: (work) => {
      const key = queueKeyOf(work.item.key, generation(work.item.key));
      keys.set(work.item.key, key);
      const { remembers } = fleet;
      return dispatchItem(work, {
        queueClient,
        clock,
        journal: isAlone ? null : journal,
        remembers,
        key,
        isStrict,
        limits,
      });
    },
    recordRow: ({ item, outcome, attemptCount }: BatchResult) => {
      counts.submissionCount += attemptCount;
      counts.requestCount += requestsOf(outcome);
      queueClient.settle(keys.get(item.key) ?? item.key);
      keys.delete(item.key);
    },
    counts: () => counts,
    close: async (hasFailed) => {
      ended.abort();
      await following;
      if (!hasFailed) await Promise.all([working, collecting]);
      await queueClient.close();
    },
  };
}
