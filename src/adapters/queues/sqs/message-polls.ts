import { setMaxListeners } from 'node:events';
import type { Message } from '@aws-sdk/client-sqs';
import { withTimeLimit } from '../../../domain/time-limit.ts';
import type { Clock } from '../../../ports/system.ts';
import { type VisibilityTiming, visibilitySeconds } from './leased-message.ts';
import type { SqsQueue } from './sqs-queue.ts';

export interface PollRequest {
  readonly most: number;
  readonly waitMs: number;
  /** Ends the waiting; what a poll under way still brings goes back. */
  readonly signal: AbortSignal;
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

const maxPerCall = 10;
/** What an answer may take on its way. */
const slackMs = 1_000;
/** Between two polls: SQS may answer an empty one early. */
const lookEveryMs = 200;
/** A message that was just handed back wakes a poll at once. */
const politeMs = 1_000;

/**
 * The polls of one queue. SQS need not notice that nobody waits for an answer any more, and hides what it put into it:
 * so a poll that was called off is left to end by itself, and hands back what it brings.
 */
export class MessagePolls {
  readonly #visibilityS: number;
  readonly #deps: PollDeps;
  readonly #closing = new AbortController();
  readonly #calledOff = new Set<Promise<void>>();

  constructor(timing: VisibilityTiming, deps: PollDeps) {
    this.#visibilityS = visibilitySeconds(timing);
    this.#deps = deps;
    // Every call that is under way listens.
    setMaxListeners(0, this.#closing.signal);
  }

  /** What `take` makes of the messages, as soon as it makes something of any; waits up to `waitMs` for that, in long polls. */
  async receive<T>(
    { most, waitMs, signal }: PollRequest,
    take: (polled: Polled) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const { clock } = this.#deps;
    const untilMs = clock.nowMs() + waitMs;
    let leftMs = waitMs;
    while (!signal.aborted && most > 0) {
      const polled = await this.#pollUnlessCalledOff({ most, waitMs: leftMs, signal });
      const taken = polled === null ? [] : await take(polled);
      const restMs = untilMs - clock.nowMs();
      if (taken.length > 0 || restMs <= 0) return taken;
      await clock.sleep(Math.min(lookEveryMs, restMs), signal);
      if (restMs < lookEveryMs) return [];
      leftMs = Math.max(0, untilMs - clock.nowMs());
    }
    return [];
  }

  /** Polls that were called off get a moment to hand back what was let go of just now; then all end. */
  async close(): Promise<void> {
    await withTimeLimit(Promise.all(this.#calledOff), { ms: politeMs }, this.#deps.clock);
    this.#closing.abort();
  }

  /** Null where `signal` aborts before the answer comes. */
  async #pollUnlessCalledOff(request: PollRequest): Promise<Polled | null> {
    const polling = this.#poll(request);
    const polled = await withTimeLimit(polling, { ms: Infinity, signal: request.signal }, this.#deps.clock);
    if (polled === null) this.#callOff(polling);
    return polled;
  }

  #callOff(polling: Promise<Polled>): void {
    const ended = this.#handBack(polling)
      .catch(() => undefined)
      .finally(() => this.#calledOff.delete(ended));
    this.#calledOff.add(ended);
  }

  async #handBack(polling: Promise<Polled>): Promise<void> {
    const { messages } = await polling;
    await Promise.allSettled(messages.map(({ ReceiptHandle }) => this.#deps.queue.hold(ReceiptHandle ?? '', 0)));
  }

  async #poll({ most, waitMs }: PollRequest): Promise<Polled> {
    const { queue, clock } = this.#deps;
    const [visibilityS, signal] = [this.#visibilityS, this.#closing.signal];
    const askedMs = clock.nowMs();
    const messages = await queue.receive(most, { waitMs, visibilityS, signal });
    // A process that stood still meanwhile reads late what it was handed long ago.
    const sinceMs = Math.min(clock.nowMs(), askedMs + waitMs + slackMs);
    if (messages.length < maxPerCall || most <= maxPerCall) return { sinceMs, messages };
    return { sinceMs, messages: [...messages, ...(await this.#pollRest(most - messages.length))] };
  }

  /** As many short polls as there is room for, beside the long one that filled its own. */
  async #pollRest(most: number): Promise<Message[]> {
    const request = { waitMs: 0, visibilityS: this.#visibilityS, signal: this.#closing.signal };
    const calls = Array.from({ length: Math.ceil(most / maxPerCall) }, (_, index) =>
      this.#deps.queue.receive(Math.min(maxPerCall, most - maxPerCall * index), request),
    );
    const answers = await Promise.allSettled(calls);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  }
}
