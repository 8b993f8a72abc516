import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock as clock } from '../../../src/adapters/system/system-clock.ts';

/** True if a promise has settled once everything due has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await vi.advanceTimersByTimeAsync(0);
  return settled;
}

describe('systemClock', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('reads a monotonic clock and the wall clock', () => {
    const [nowMs, timestamp] = [clock.nowMs(), clock.timestamp()];
    vi.advanceTimersByTime(1_500);
    expect(clock.nowMs() - nowMs).toBe(1_500);
    expect(clock.timestamp() - timestamp).toBe(1_500);
    expect(timestamp).toBe(Date.now() - 1_500);
  });

  it('sleeps for the given time', async () => {
    const sleep = clock.sleep(250);
    await vi.advanceTimersByTimeAsync(249);
    expect(await isSettled(sleep)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await isSettled(sleep)).toBe(true);
  });

  it.each([0, -5, Number.NaN])('does not sleep for %s ms', async (ms) => {
    expect(await isSettled(clock.sleep(ms))).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('sleeps for longer than the longest timer of the runtime', async () => {
    const days30 = 30 * 24 * 3_600_000;
    const sleep = clock.sleep(days30);
    await vi.advanceTimersByTimeAsync(days30 - 1);
    expect(await isSettled(sleep)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await isSettled(sleep)).toBe(true);
  });

  it('sleeps forever until it is woken', async () => {
    const controller = new AbortController();
    const sleep = clock.sleep(Infinity, controller.signal);
    await vi.advanceTimersByTimeAsync(2 ** 33);
    expect(await isSettled(sleep)).toBe(false);
    controller.abort();
    expect(await isSettled(sleep)).toBe(true);
  });

  it('wakes at once when its signal aborts, and leaves no timer and no listener', async () => {
    const controller = new AbortController();
    const sleep = clock.sleep(60_000, controller.signal);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    controller.abort();
    expect(await isSettled(sleep)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('does not sleep if its signal was already aborted', async () => {
    expect(await isSettled(clock.sleep(60_000, AbortSignal.abort()))).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets a thousand tasks sleep on one signal without a warning', async () => {
    const warn = vi.spyOn(process, 'emitWarning');
    const controller = new AbortController();
    const sleeps = Array.from({ length: 1_000 }, () => clock.sleep(60_000, controller.signal));
    controller.abort();
    await Promise.all(sleeps);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it('leaves no listener on a signal that never aborts', async () => {
    const { signal } = new AbortController();
    const sleep = clock.sleep(10, signal);
    await vi.advanceTimersByTimeAsync(10);
    await sleep;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
