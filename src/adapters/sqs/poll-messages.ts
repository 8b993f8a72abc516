import { setMaxListeners } from 'node:events';
import type { Message } from '@aws-sdk/client-sqs';
import type { Clock } from '../../ports/clock.ts';
import type { SqsQueue } from './sqs-queue.ts';

export interface PollRequest {
  readonly most: number;
  readonly waitMs: number;
  readonly visibilityS: number;
  /** Ends the waiting; what a poll under way still brings goes back. */
  readonly signal: AbortSignal;
  /** Ends the poll itself, when the queue is closed. */
  readonly closing: AbortSignal;
}

interface PollDeps {
  readonly queue: Pick<SqsQueue, 'receive' | 'hold'>;
  readonly clock: Clock;
}

export interface Polled {
  /** Since when the messages have been held, at the earliest. */
  readonly sinceMs: number;
  readonly messages: readonly Message[];
}

const mostPerCall = 10;
/** What an answer may take on its way. */
const slackMs = 1_000;

async function handBack({ messages }: Polled, queue: PollDeps['queue']): Promise<void> {
  await Promise.allSettled(messages.map(({ ReceiptHandle }) => queue.hold(ReceiptHandle ?? '', 0)));
}

/** As many short polls as there is room for, beside the long one that filled its own. */
async function pollRest(
  { most, visibilityS, closing: signal }: PollRequest,
  queue: PollDeps['queue'],
): Promise<Message[]> {
  const calls = Array.from({ length: Math.ceil(most / mostPerCall) }, (_, index) =>
    queue.receive(Math.min(mostPerCall, most - mostPerCall * index), { waitMs: 0, visibilityS, signal }),
  );
  const answers = await Promise.allSettled(calls);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}

async function poll(request: PollRequest, { queue, clock }: PollDeps): Promise<Polled> {
  const { most, waitMs, visibilityS, closing: signal } = request;
  const askedMs = clock.nowMs();
  const messages = await queue.receive(most, { waitMs, visibilityS, signal });
  // A process that stood still meanwhile reads late what it was handed long ago.
  const sinceMs = Math.min(clock.nowMs(), askedMs + waitMs + slackMs);
  if (messages.length < mostPerCall || most <= mostPerCall) return { sinceMs, messages };
  const rest = await pollRest({ ...request, most: most - messages.length }, queue);
  return { sinceMs, messages: [...messages, ...rest] };
}

/** At most `most` messages. Waits up to `waitMs` for the first, in long polls; answers none once `signal` aborts. */
export async function pollMessages(request: PollRequest, deps: PollDeps): Promise<Polled> {
  const { signal, closing } = request;
  // Every call that is under way listens.
  setMaxListeners(0, closing);
  const nothing = { sinceMs: deps.clock.nowMs(), messages: [] };
  if (signal.aborted || request.most <= 0) return nothing;
  const polling = poll(request, deps);
  const over = new AbortController();
  const aborted = deps.clock.sleep(Infinity, AbortSignal.any([signal, over.signal])).then(() => null);
  try {
    const polled = await Promise.race([polling, aborted]);
    if (polled !== null) return polled;
    void polling.then((late) => handBack(late, deps.queue)).catch(() => undefined);
    return nothing;
  } finally {
    over.abort();
  }
}
