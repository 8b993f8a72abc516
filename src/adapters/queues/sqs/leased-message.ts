import type { Message } from '@aws-sdk/client-sqs';
import type { Clock } from '../../../ports/system.ts';
import type { SqsQueue } from './sqs-queue.ts';

/** Visibility timings in ms; SQS uses whole seconds. */
export interface VisibilityTiming {
  /** A message without a renewal for this time is delivered again. */
  readonly visibilityMs: number;
  /**
   * Maximum time that a message is renewed: a hanging worker must not keep its task forever, and SQS allows at most 12
   * h.
   */
  readonly maxHoldMs: number;
}

interface HoldDeps {
  readonly queue: Pick<SqsQueue, 'hold' | 'delete'>;
  readonly clock: Clock;
}

const renewalsPerVisibility = 3;

/** SQS uses whole seconds. */
export function visibilitySeconds({ visibilityMs }: VisibilityTiming): number {
  return Math.max(1, Math.ceil(visibilityMs / 1_000));
}

/**
 * The hold on one message, renewed until it ends. SQS may accept the receipt handle of a message that it has already
 * delivered again. So a renewal that comes too late by the local clock counts as lost.
 */
export class LeasedMessage {
  readonly body: string;
  /** Number of deliveries, from 1. */
  readonly delivery: number;
  readonly #handle: string;
  readonly #timing: VisibilityTiming;
  readonly #deps: HoldDeps;
  readonly #lost = new AbortController();
  readonly #over = new AbortController();
  /** True during an end: a renewal that arrives after it would hide the message again. */
  #isEnding = false;
  #heldUntilMs: number;

  /** `sinceMs`: the earliest time at which SQS may have delivered the message. */
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

  /** Stops the renewals; the message becomes visible when its timeout expires. */
  forget(): void {
    this.#over.abort();
  }

  /** False if the message was already lost. */
  delete(): Promise<boolean> {
    return this.#end(() => this.#deps.queue.delete(this.#handle));
  }

  release(delayMs: number): Promise<boolean> {
    return this.#end(() => this.#deps.queue.hold(this.#handle, Math.ceil(delayMs / 1_000)));
  }

  /** A failed end can be repeated while the message is held. */
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

  /** A failed renewal is repeated while there is time. */
  async #renew(seconds: number, nowMs: number): Promise<void> {
    try {
      await this.#deps.queue.hold(this.#handle, seconds);
      this.#heldUntilMs = nowMs + seconds * 1_000;
    } catch {
      this.isHeld();
    }
  }
}
