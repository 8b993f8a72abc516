import { performance } from 'node:perf_hooks';

/** Longer than any test takes. */
export const hourMs = 3_600_000;

/** What a sandbox is started with that solves nothing before `finish`, and everything at once after it. */
export function slowService() {
  let isFinished = false;
  let looks = 0;
  // After `finish` every look at the clock is an hour later.
  const nowMs = (): number => performance.now() + (isFinished ? hourMs * (looks += 1) : 0);
  const service = { latencyMs: [hourMs, hourMs], resultKeptMs: Infinity, clock: { nowMs } } as const;
  return { service, finish: () => void (isFinished = true) };
}

/** The clock of a sandbox. It runs as time does, and a test may move it forward: to where an outage begins or ends. */
export class ServiceClock {
  #movedMs = 0;

  nowMs(): number {
    return performance.now() + this.#movedMs;
  }

  move(ms: number): void {
    this.#movedMs += ms;
  }
}
