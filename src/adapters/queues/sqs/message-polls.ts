import { setMaxListeners } from 'node:events';
import type { Message } from '@aws-sdk/client-sqs';
import { withTimeLimit } from '../../../domain/time-limit.ts';
import type { Clock } from '../../../ports/system.ts';
import { type VisibilityTiming, visibilitySeconds } from './leased-message.ts';
import type { SqsQueue } from './sqs-queue.ts';

export interface PollRequest {
  readonly most: number;
  readonly waitMs: number;
  /** Ends the wait; messages of the poll in flight are returned to the queue. */
  readonly signal: AbortSignal;
}

interface PollDeps {
  readonly queue: Pick<SqsQueue, 'receive' | 'hold'>;
  readonly clock: Clock;
}

export interface Polled {
  /** The earliest time at which SQS may have delivered the messages. */
  readonly sinceMs: number;
  readonly messages: readonly Message[];
}

const maxPerCall = 10;
/** Allowance for the network time of an answer. */
const slackMs = 1_000;
/** Pause between two polls: SQS may answer an empty poll early. */
const lookEveryMs = 200;
/**
 * Time for cancelled polls to return their messages on `close`; a message that was just released ends a poll at once.
 */
const politeMs = 1_000;

/**
 * The polls of one queue. If a client closes a poll, SQS may not notice and still hides the messages that it puts into
 * the answer. So a cancelled poll continues in the background, and its messages are returned.
 */
export class MessagePolls {
  readonly #visibilityS: number;
  readonly #deps: PollDeps;
  readonly #closing = new AbortController();
  readonly #calledOff = new Set<Promise<void>>();

  constructor(timing: VisibilityTiming, deps: PollDeps) {
    this.#visibilityS = visibilitySeconds(timing);
    this.#deps = deps;
    // Every call in flight adds a listener.
    setMaxListeners(0, this.#closing.signal);
  }

  /**
   * Passes polled messages to `take` and returns its result once that is not empty; uses long polls for up to `waitMs`.
   */
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

  /** Gives cancelled polls a moment to return their messages, then aborts all polls. */
  async close(): Promise<void> {
    await withTimeLimit(Promise.all(this.#calledOff), { ms: politeMs }, this.#deps.clock);
    this.#closing.abort();
  }

  /** Null if `signal` aborts before the answer arrives. */
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
    // After a suspension the answer is read long after SQS delivered the messages.
    const sinceMs = Math.min(clock.nowMs(), askedMs + waitMs + slackMs);
    if (messages.length < maxPerCall || most <= maxPerCall) return { sinceMs, messages };
    return { sinceMs, messages: [...messages, ...(await this.#pollRest(most - messages.length))] };
  }

  /** Short polls for the remaining messages, after a long poll that was full: in waves of doubling size. */
  async #pollRest(most: number): Promise<Message[]> {
    const request = { waitMs: 0, visibilityS: this.#visibilityS, signal: this.#closing.signal };
    const found: Message[] = [];
    for (let size = 1; found.length < most; size *= 2) {
      const room = most - found.length;
      const calls = Array.from({ length: Math.min(size, Math.ceil(room / maxPerCall)) }, (_, index) =>
        this.#deps.queue.receive(Math.min(maxPerCall, room - maxPerCall * index), request),
      );
      const answers = await Promise.allSettled(calls);
      const messages = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      found.push(...messages);
      if (messages.length < Math.min(room, calls.length * maxPerCall)) break;
    }
    return found;
  }
}
