import type { ThreadTurns } from '../../ports/state.ts';
import type { Clock, Random } from '../../ports/system.ts';
import type { ThreadGate } from './solve-options.ts';

/** Waits of a process that does not know of the others: they grow, and each is spread over half of itself. */
const growing = { firstMs: 1_000, factor: 1.5, mostMs: 20_000 };

export interface ThreadWaiterDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Where processes take turns; left out if each waits by itself. */
  readonly turns?: ThreadTurns;
}

/** Waits for a free thread on behalf of one task. Of the other tasks only their turns are known. */
export class ThreadWaiter implements ThreadGate {
  readonly #deps: ThreadWaiterDeps;
  #refusals = 0;

  constructor(deps: ThreadWaiterDeps) {
    this.#deps = deps;
  }

  async enter(maxMs: number, stop: AbortSignal): Promise<boolean> {
    if (maxMs <= 0) return false;
    const waitMs = await this.#waitMs();
    // The last try is made at the last moment that leaves time for the solution.
    if (waitMs > 0) await this.#deps.clock.sleep(Math.min(waitMs, maxMs), stop);
    return true;
  }

  recordFull(): void {
    this.#refusals += 1;
  }

  async #waitMs(): Promise<number> {
    const { turns, random } = this.#deps;
    if (turns !== undefined) {
      const isRefused = this.#refusals > 0;
      return isRefused || (await turns.areTaken()) ? turns.takeTurn({ isRefused }) : 0;
    }
    if (this.#refusals === 0) return 0;
    const { firstMs, factor, mostMs } = growing;
    return Math.min(mostMs, firstMs * factor ** (this.#refusals - 1)) * (0.5 + random.next());
  }
}
