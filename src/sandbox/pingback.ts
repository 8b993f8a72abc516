import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLoopback } from '../domain/loopback.ts';
import type { SandboxState } from './state.ts';
import type { SandboxTask } from './task-store.ts';

/** Resolves once the clock reads `atMs`; rejects if `signal` aborts. Does not keep the process alive. */
export async function waitUntil(atMs: number, clock: { nowMs(): number }, signal: AbortSignal): Promise<void> {
  for (let leftMs = atMs - clock.nowMs(); leftMs > 0; leftMs = atMs - clock.nowMs()) {
    await sleep(Math.max(1, leftMs), undefined, { signal, ref: false });
  }
}

const timeoutMs = 5_000;

function call(url: URL, signal: AbortSignal): void {
  const request = get(url, { agent: false, timeout: timeoutMs, signal }, (response) => response.resume());
  request.on('timeout', () => request.destroy());
  // Best effort, as in production: a failed callback is not reported.
  request.on('error', () => undefined);
}

/** The number of calls per task; `pingback-drop` takes precedence. */
function callCount({ quirks }: SandboxState): number {
  if (quirks.has('pingback-drop')) return 0;
  return quirks.has('pingback-twice') ? 2 : 1;
}

/** Calls `GET <address>?id=…&code=…` once when the task is finished, on loopback addresses only. */
export async function sendPingback(task: SandboxTask, address: string, state: SandboxState): Promise<void> {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url?.protocol !== 'http:' || !isLoopback(url)) {
    state.counters.pingbackRefused += 1;
    return;
  }
  url.searchParams.set('id', task.id);
  url.searchParams.set('code', task.solution?.plain ?? 'ERROR_CAPTCHA_UNSOLVABLE');
  try {
    await waitUntil(task.readyAtMs, state.settings.clock, state.closing);
    for (let left = callCount(state); left > 0; left -= 1) call(url, state.closing);
  } catch {
    // The sandbox closed first.
  }
}
