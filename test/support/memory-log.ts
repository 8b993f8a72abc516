import type { LogState, SharedLog } from '../../src/ports/state.ts';

/** A log in memory for several simulated processes, on the test's clock. */
export class MemoryLog<Entry, Answer> {
  readonly written: { readonly entry: Entry; readonly atMs: number; readonly by: string }[] = [];
  readonly gone = new Set<string>();
  readonly #nowMs: () => number;
  /** The state of the first process. */
  #begun: object | null = null;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** One process's view of the log. */
  open(by: string, state: LogState<Entry, Answer>): SharedLog<Entry, Answer> {
    let position = 0;
    this.#begun ??= JSON.parse(JSON.stringify(state.snapshot())) as object;
    state.restore(this.#begun);
    const catchUp = (): readonly Answer[] => {
      const answers = this.written.slice(position).map((logged) => state.apply(logged));
      position = this.written.length;
      return answers;
    };
    catchUp();
    return {
      catchUp: () => void catchUp(),
      append: (entries) => {
        // A copy, as through a file.
        const copies = JSON.parse(JSON.stringify(entries)) as Entry[];
        this.written.push(...copies.map((entry) => ({ entry, atMs: this.#nowMs(), by })));
        return entries.length === 0 ? [] : catchUp().slice(-entries.length);
      },
      isProcessDead: (writer) => this.gone.has(writer),
      close: () => undefined,
    };
  }
}
