import { describe, expect, it } from 'vitest';
import { joinSignals } from '../../src/domain/joined-signal.ts';

describe('joined signals', () => {
  it.each([0, 1, 2])('abort with source %i, for its reason', (index) => {
    const sources = [new AbortController(), new AbortController(), new AbortController()];
    const { signal } = joinSignals(...sources.map((each) => each.signal));
    expect(signal.aborted).toBe(false);
    sources[index]!.abort('why');
    expect([signal.aborted, signal.reason]).toEqual([true, 'why']);
  });

  it('are aborted from the start if a source is', () => {
    expect(joinSignals(new AbortController().signal, AbortSignal.abort('before')).signal.reason).toBe('before');
  });

  it('hear no more of their sources once they are released', () => {
    const source = new AbortController();
    const [released, kept] = [joinSignals(source.signal), joinSignals(source.signal)];
    released.release();
    source.abort();
    expect([released.signal.aborted, kept.signal.aborted]).toEqual([false, true]);
  });
});
