import type { Message } from '@aws-sdk/client-sqs';
import type { Clock } from '../../../ports/system.ts';
import type { SqsQueue } from './sqs-queue.ts';

/** How long messages are held, in ms; SQS counts whole seconds. */
export interface VisibilityTiming {
  /** A message that is not renewed for so long is handed to the next. */
  readonly visibilityMs: number;
  /** The longest that it is renewed: a worker that hangs must not keep its task for ever, nor may SQS renew beyond 12 h. */
  readonly maxHoldMs: number;
}

interface HoldDeps {
  readonly queue: Pick<SqsQueue, 'hold' | 'delete'>;
  readonly clock: Clock;
}

const renewalsPerVisibility = 3;

/** SQS holds for whole seconds. */
export function visibilitySeconds({ visibilityMs }: VisibilityTiming): number {
  return Math.max(1, Math.ceil(visibilityMs / 1_000));
}

/**
 * The hold on one message, renewed until it ends. SQS may take the handle of a message that was handed to somebody else
 * for good; so whoever was late in renewing it counts it as lost, by the own clock.
 */
export class LeasedMessage {
  readonly body: string;
  /** How often the message was handed out, from 1. */
  readonly delivery: number;
  readonly #handle: string;
  readonly #timing: VisibilityTiming;
  readonly #deps: HoldDeps;
  readonly #lost = new AbortController();
  readonly #over = new AbortController();
  /** A renewal that overtakes the end would hold again what was just let go of. */
  #isEnding = false;
  #heldUntilMs: number;

  /** `sinceMs`: since when it has been held, at the earliest. */
  constructor(message: Message, { sinceMs, timing }: { sinceMs: number; timing: VisibilityTiming }, deps: HoldDeps) {
    this.body = message.Body ?? '';
    this.delivery = Number(message.Attributes?.ApproximateReceiveCount ?? 1);
    this.#handle = message.ReceiptHandle ?? '';
    this.#timing = timing;
    this.#deps = deps;
    this.#heldUntilMs = sinceMs + visibilitySeconds(timing) * 1_000;
    void this.#renewUntilOver();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  isHeld(): boolean {
    if (this.#over.signal.aborted) return false;
    if (this.#deps.clock.nowMs() < this.#heldUntilMs) return true;
    this.lose();
    return false;
  }

  lose(): void {
    this.#over.abort();
    this.#lost.abort();
  }

  /** No more renewals: what is held is let go of by itself. */
  forget(): void {
    this.#over.abort();
  }

  /** False where the message was lost before. */
  delete(): Promise<boolean> {
    return this.#end(() => this.#deps.queue.delete(this.#handle));
  }

  release(delayMs: number): Promise<boolean> {
    return this.#end(() => this.#deps.queue.hold(this.#handle, Math.ceil(delayMs / 1_000)));
  }

  /** An end that fails can be tried again while the message is held. */
  async #end(how: () => Promise<void>): Promise<boolean> {
    if (!this.isHeld()) return false;
    this.#isEnding = true;
    try {
      await how();
      this.#over.abort();
      return true;
    } finally {
      this.#isEnding = false;
    }
  }

  async #renewUntilOver(): Promise<void> {
    const { clock } = this.#deps;
    const seconds = visibilitySeconds(this.#timing);
    const lastRenewalMs = clock.nowMs() + this.#timing.maxHoldMs;
    for (;;) {
      await clock.sleep((seconds * 1_000) / renewalsPerVisibility, this.#over.signal);
      if (!this.isHeld()) return;
      const nowMs = clock.nowMs();
      if (nowMs < lastRenewalMs && !this.#isEnding) await this.#renew(seconds, nowMs);
    }
  }

  /** A renewal that fails is tried again while there is time. */
  async #renew(seconds: number, nowMs: number): Promise<void> {
    try {
      await this.#deps.queue.hold(this.#handle, seconds);
      this.#heldUntilMs = nowMs + seconds * 1_000;
    } catch {
      this.isHeld();
    }
  }
}
