import { describe, expect, it } from 'vitest';
import { Interrupt, type StopSignal } from '../../src/cli/interrupt.ts';
import { FakeSignals } from './support/fake-signals.ts';

const signals: StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** An interrupt with a listener, and all its messages. */
function anInterrupt() {
  const source = new FakeSignals();
  const said: string[] = [];
  let nowMs = 1_000;
  const interrupt = new Interrupt(source, () => nowMs);
  const listen = (): void =>
    interrupt.listen({
      onFirst: () => said.push(`first, ${interrupt.stop.aborted ? 'stopped' : 'still going'}`),
      onSecond: () => said.push(`second, ${source.kills.length} kills`),
    });
  const pass = (ms: number): void => void (nowMs += ms);
  return { source, said, interrupt, listen, pass };
}

describe('before a command listens', () => {
  it.each(signals)('%s ends the program by default', (signal) => {
    const { source, interrupt } = anInterrupt();
    expect(source.send(signal)).toBe(false);
    expect(interrupt.received).toBeNull();
  });
});

describe('the first signal', () => {
  it.each(signals)('%s is reported, stops new work, and does not end the process', (signal) => {
    const { source, said, interrupt, listen } = anInterrupt();
    listen();
    source.send(signal);
    expect(said).toEqual(['first, still going']);
    expect(interrupt.stop.aborted).toBe(true);
    expect(interrupt.received).toBe(signal);
    expect(source.kills).toEqual([]);
  });
});

describe('a second signal', () => {
  it.each([0, 1, 299, 300])('%i ms after the first counts as the same one', (ms) => {
    const { source, said, listen, pass } = anInterrupt();
    listen();
    source.send('SIGINT');
    pass(ms);
    source.send('SIGINT');
    expect(said).toEqual(['first, still going']);
    expect(source.kills).toEqual([]);
  });

  it.each(signals)('%s, 301 ms after the first, is reported and ends the process', (signal) => {
    const { source, said, interrupt, listen, pass } = anInterrupt();
    listen();
    source.send('SIGINT');
    pass(301);
    source.send(signal);
    expect(said).toEqual(['first, still going', 'second, 0 kills']);
    expect(source.kills).toEqual([[source.pid, signal]]);
    expect(interrupt.received).toBe('SIGINT');
  });

  it('is counted from the first signal, not from its echo', () => {
    const { source, listen, pass } = anInterrupt();
    listen();
    source.send('SIGINT');
    pass(200);
    source.send('SIGINT');
    pass(200);
    source.send('SIGINT');
    expect(source.kills).toEqual([[source.pid, 'SIGINT']]);
  });
});

describe('raise', () => {
  it('removes all listeners first, so that the signal ends the process', () => {
    const { source, interrupt, listen } = anInterrupt();
    listen();
    interrupt.raise('SIGTERM');
    expect(source.kills).toEqual([[source.pid, 'SIGTERM']]);
    expect(signals.map((signal) => source.send(signal))).toEqual([false, false, false]);
  });
});

describe('drained', () => {
  it('is false until the command declares the signal its regular end', () => {
    const { source, interrupt, listen } = anInterrupt();
    listen();
    source.send('SIGTERM');
    expect(interrupt.drained).toBe(false);
    interrupt.markDrained();
    expect(interrupt.drained).toBe(true);
  });
});
