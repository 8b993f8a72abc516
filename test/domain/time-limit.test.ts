import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/adapters/virtual/virtual-clock.ts';
import { withTimeLimit } from '../../src/domain/time-limit.ts';

const never = new Promise<string>(() => undefined);

describe('work with a time limit', () => {
  it('gives its result, and leaves no timer behind', async () => {
    const clock = new VirtualClock(0);
    expect(await withTimeLimit(Promise.resolve('done'), { ms: 1_000 }, clock)).toBe('done');
    await clock.run();
    expect(clock.nowMs()).toBe(0);
  });

  it('is null after the limit', async () => {
    const clock = new VirtualClock(0);
    const waiting = withTimeLimit(never, { ms: 1_000 }, clock);
    await clock.advance(1_000);
    expect(await waiting).toBeNull();
  });

  it('is null as soon as the signal aborts, also if it was aborted before', async () => {
    const clock = new VirtualClock(0);
    const stop = new AbortController();
    const waiting = withTimeLimit(never, { ms: Infinity, signal: stop.signal }, clock);
    stop.abort();
    expect(await waiting).toBeNull();
    expect(await withTimeLimit(never, { ms: Infinity, signal: stop.signal }, clock)).toBeNull();
  });

  it('rejects with the error of the work', async () => {
    await expect(withTimeLimit(Promise.reject(new Error('away')), { ms: 1_000 }, new VirtualClock(0))).rejects.toThrow(
      'away',
    );
  });
});
