import type { Context, SolveSession } from '../../cli/context.ts';
import { renderEvent } from '../../cli/event-view.ts';
import { formatMs } from '../../cli/format.ts';
import { pollUntilDone, type PollDeps, type PollEvent } from '../../core/solve/poller.ts';
import { describeFault, type Fault, ProviderFault } from '../../domain/fault.ts';
import type { Solution } from '../../domain/outcome.ts';

/** What has become of an id: its solution, or why there is none. `isPending`: the service said that it is in work. */
export type FetchedResult = { readonly captchaId: string; readonly isPending: boolean } & (
  { readonly solution: Solution } | { readonly fault: Fault }
);

/** Polls once. */
export async function fetchResultOnce(captchaId: string, { api, config }: SolveSession): Promise<FetchedResult> {
  try {
    const answer = await api.poll(captchaId, { timeLeftMs: config.solve.timeoutMs });
    if (answer.ready) return { captchaId, isPending: false, solution: answer.solution };
    return { captchaId, isPending: true, fault: describeFault({ kind: 'timeout', message: 'not ready yet' }) };
  } catch (error) {
    if (error instanceof ProviderFault) return { captchaId, isPending: false, fault: error.fault };
    throw error;
  }
}

/** What polls need, until `left`: then a wait ends at once and the look after it throws, so that no poll outlives us. */
function depsUntil(left: AbortSignal, { api }: SolveSession, { clock, random }: Context): PollDeps {
  return {
    random,
    clock: { nowMs: () => clock.nowMs(), timestamp: () => clock.timestamp(), sleep: (ms) => clock.sleep(ms, left) },
    api: {
      submit: (task, limits) => api.submit(task, limits),
      poll: async (id, limits) => {
        left.throwIfAborted();
        return api.poll(id, limits);
      },
    },
  };
}

/** Polls until the id is solved, given up by the service, or out of time. Rejects soon after `left` aborts. */
export async function pollUntilKnown(
  captchaId: string,
  { session, left }: { session: SolveSession; left: AbortSignal },
  context: Context,
): Promise<FetchedResult> {
  const pollRequest = {
    captchaId,
    // Neither method nor age are known.
    timing: { firstWaitMs: null, intervalMs: session.intervalMs, coldStartMs: [], lifetimeMs: null },
    planMs: [],
    resumedAgeMs: null,
    deadlineAtMs: context.clock.nowMs() + session.config.solve.timeoutMs,
  };
  const last: { event: PollEvent | null } = { event: null };
  const limit = formatMs(session.config.solve.timeoutMs);
  let isWaitTold = false;
  const report = (event: PollEvent): void => {
    last.event = event;
    const { level, text } = renderEvent({ ...event, taskId: captchaId, attempt: 1 });
    const isNewWait = event.type === 'not-ready' && !isWaitTold;
    isWaitTold ||= isNewWait;
    const shown = isNewWait ? `${text}; waiting for up to ${limit}` : text;
    context.terminal.note(shown, { level: isNewWait ? 0 : level, fields: { event } });
  };
  const { end } = await pollUntilDone({ ...pollRequest, report }, depsUntil(left, session, context));
  const isPending = last.event?.type === 'not-ready' && 'fault' in end && end.fault.kind === 'timeout';
  return { captchaId, isPending, ...end };
}
