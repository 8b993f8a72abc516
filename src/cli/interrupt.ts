/** The part of `process` that is used here. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  removeAllListeners(signal: StopSignal): unknown;
  kill(pid: number, signal: StopSignal): unknown;
  readonly pid: number;
}

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** npm and compose deliver one Ctrl-C twice. */
const sameInterruptMs = 300;

/**
 * The first signal asks to stop taking new work, the second leaves at once. Nothing is listened for before `listen`, so
 * that a command with nothing to lose ends as any program does.
 */
export class Interrupt {
  readonly #source: SignalSource;
  readonly #nowMs: () => number;
  readonly #stop = new AbortController();
  readonly #cleanups: (() => void)[] = [];
  #received: StopSignal | null = null;
  #drained = false;
  #receivedMs = 0;

  constructor(source: SignalSource, nowMs: () => number) {
    this.#source = source;
    this.#nowMs = nowMs;
  }

  /** Aborts with the first signal. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** The signal that came first, or null. */
  get received(): StopSignal | null {
    return this.#received;
  }

  /** True where the command took the signal as its regular end, so that it need not be raised again. */
  get drained(): boolean {
    return this.#drained;
  }

  markDrained(): void {
    this.#drained = true;
  }

  /** From now on `onFirst` is called with the first signal and `onSecond` just before the second one ends the process. */
  listen({ onFirst, onSecond }: { onFirst: () => void; onSecond: () => void }): void {
    const onSignal = (signal: StopSignal): void => {
      if (this.#received === null) {
        this.#received = signal;
        this.#receivedMs = this.#nowMs();
        onFirst();
        this.#stop.abort();
      } else if (this.#nowMs() - this.#receivedMs > sameInterruptMs) {
        onSecond();
        this.raise(signal);
      }
    };
    for (const signal of stopSignals) this.#source.on(signal, onSignal);
  }

  /** Runs this, which must not wait for anything, before a signal ends the process. */
  beforeEnd(cleanup: () => void): void {
    this.#cleanups.push(cleanup);
  }

  /** Ends the process by the signal itself, so that the shell's loop around it ends too. */
  raise(signal: StopSignal): void {
    for (const each of stopSignals) this.#source.removeAllListeners(each);
    for (const cleanup of this.#cleanups) cleanup();
    this.#source.kill(this.#source.pid, signal);
  }
}
