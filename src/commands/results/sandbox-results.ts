import type { Context } from '../../cli/context.ts';
import { runEmbeddedWorkers } from '../../cli/fleet/embedded-workers.ts';
import { resultsUrl } from '../../cli/fleet/fleet-queues.ts';
import { openRegionQueues } from '../../cli/fleet/region-queues.ts';

/** How long the workers wait for more tasks. */
const exitWhenIdleMs = 200;

/** Workers in this process solve the tasks of the sandbox, so that there are results to read. */
export async function makeSandboxResults(context: Context): Promise<void> {
  const { interrupt } = context;
  const session = await context.session({ overrides: [], allowFastPolling: true });
  try {
    const queues = await openRegionQueues(context);
    const results = await (await context.queues(session.config)).results(resultsUrl(session.config));
    const ignore = (): void => undefined;
    const work = { session, queues, results, emit: ignore, stop: interrupt.stop, exitWhenIdleMs, onFatal: ignore };
    await runEmbeddedWorkers(work, context);
  } finally {
    await session.close();
  }
}
