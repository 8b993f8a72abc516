import type { SignalSource, StopSignal } from '../../../src/cli/interrupt.ts';

/** A process that can receive signals, and records those that ended it. */
export class FakeSignals implements SignalSource {
  readonly pid = 4711;
  readonly kills: [pid: number, signal: StopSignal][] = [];
  readonly #listeners = new Map<StopSignal, ((signal: StopSignal) => void)[]>();

  on(signal: StopSignal, listener: (signal: StopSignal) => void): void {
    this.#listeners.set(signal, [...(this.#listeners.get(signal) ?? []), listener]);
  }

  removeAllListeners(signal: StopSignal): void {
    this.#listeners.delete(signal);
  }

  kill(pid: number, signal: StopSignal): void {
    this.kills.push([pid, signal]);
  }

  /** Delivers a signal; false without a listener, when the process would have ended. */
  send(signal: StopSignal): boolean {
    const listeners = this.#listeners.get(signal) ?? [];
    for (const listener of listeners) listener(signal);
    return listeners.length > 0;
  }
}
