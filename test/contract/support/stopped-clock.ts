import { systemClock } from '../../../src/adapters/system/system-clock.ts';
import type { Clock } from '../../../src/ports/system.ts';

/** The system clock, but frozen sleepers do not wake, like those of a stopped process. */
export class StoppableClock implements Clock {
  #thawed: Promise<void> = Promise.resolve();
  #thaw: () => void = () => undefined;

  nowMs(): number {
    return systemClock.nowMs();
  }

  timestamp(): number {
    return systemClock.timestamp();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await systemClock.sleep(ms, signal);
    if (signal?.aborted !== true) await this.#thawed;
  }

  freeze(): void {
    this.#thawed = new Promise((resolve) => {
      this.#thaw = resolve;
    });
  }

  thaw(): void {
    this.#thaw();
  }
}
