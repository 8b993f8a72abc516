import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves once the clock reads `atMs`; rejects when `signal` aborts. Does not keep the process alive. */
export async function waitUntil(atMs: number, clock: { nowMs(): number }, signal: AbortSignal): Promise<void> {
  for (let leftMs = atMs - clock.nowMs(); leftMs > 0; leftMs = atMs - clock.nowMs()) {
    await sleep(Math.max(1, leftMs), undefined, { signal, ref: false });
  }
}
