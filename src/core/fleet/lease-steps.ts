import { LeaseForgotten } from '../../domain/lease-lost.ts';
import type { OpenProgress } from '../../domain/queued-task.ts';
import type { Accepted, AttemptSteps } from '../solve/attempt.ts';

/**
 * Writes the steps of a task's attempts into its lease before they are taken, so that whoever gets the task next goes on
 * from there. What `save` throws ends the work: a submission that is not written down is not made.
 */
export class LeaseSteps implements AttemptSteps {
  readonly #save: (progress: OpenProgress) => Promise<void>;
  /** A submission before the latest may have been paid for. */
  #isDoubtful: boolean;
  #isUnanswered = false;
  #latest: OpenProgress;

  constructor(begun: OpenProgress, save: (progress: OpenProgress) => Promise<void>) {
    this.#save = save;
    this.#latest = begun;
    this.#isDoubtful = begun.state === 'in-doubt' || (begun.state === 'submitted' && begun.wasInDoubt === true);
  }

  /** As it was written down last. */
  get progress(): OpenProgress {
    return this.#latest;
  }

  /** Whether a submission is under way. */
  get isUnanswered(): boolean {
    return this.#isUnanswered;
  }

  async intend(attempts: number): Promise<void> {
    const before = this.#latest;
    const wasUnanswered = this.#isUnanswered;
    this.#isDoubtful ||= wasUnanswered;
    this.#isUnanswered = true;
    try {
      await this.#write({ state: 'in-doubt', attempts });
    } catch (error) {
      // The submission is not made, and the queue knows of none: what its holder knows is what was before.
      if (error instanceof LeaseForgotten) [this.#latest, this.#isUnanswered] = [before, false];
      throw error;
    }
  }

  /**
   * Where no earlier submission is in doubt the task is new again, and its attempts are forgotten: some were free, such as
   * those that found every thread taken, and nobody says here which. Whoever gets the task next has all of `maxAttempts`,
   * and `attemptCount` counts from there. How often that may be is bounded by the deliveries of a task.
   */
  refused(): Promise<void> {
    this.#isUnanswered = false;
    return this.#write(this.#isDoubtful ? { state: 'in-doubt', attempts: this.#attempts() } : { state: 'new' });
  }

  submitted({ captchaId, submittedAt }: Accepted): Promise<void> {
    this.#isUnanswered = false;
    const wasInDoubt = this.#isDoubtful ? ({ wasInDoubt: true } as const) : {};
    return this.#write({ state: 'submitted', attempts: this.#attempts(), captchaId, submittedAt, ...wasInDoubt });
  }

  #attempts(): number {
    return this.#latest.state === 'new' ? 0 : this.#latest.attempts;
  }

  async #write(progress: OpenProgress): Promise<void> {
    this.#latest = progress;
    await this.#save(progress);
  }
}
