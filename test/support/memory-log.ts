import type { LogState, SharedLog } from '../../src/ports/state.ts';

/** A log in memory: what several processes would share, in one, on a clock that the test moves. */
export class MemoryLog<Entry, Answer> {
  readonly written: { readonly entry: Entry; readonly atMs: number; readonly by: string }[] = [];
  readonly gone = new Set<string>();
  readonly #nowMs: () => number;
  /** The state of whoever came first. */
  #begun: object | null = null;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The log as one process sees it. */
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
        // As through a file: what was written is not what was handed over.
        const copies = JSON.parse(JSON.stringify(entries)) as Entry[];
        this.written.push(...copies.map((entry) => ({ entry, atMs: this.#nowMs(), by })));
        return entries.length === 0 ? [] : catchUp().slice(-entries.length);
      },
      isProcessDead: (writer) => this.gone.has(writer),
      close: () => undefined,
    };
  }
}
