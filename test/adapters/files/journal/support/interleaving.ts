import type { LockFiles } from '../../../../../src/adapters/files/journal/generation-lock.ts';

interface Step {
  readonly process: number;
  readonly take: () => void;
}

/**
 * Runs processes step by step. Each step is atomic; `next` decides the order and the deaths (any natural numbers).
 * Mostly the same process continues, so that the others sleep for long.
 */
export class Interleaving {
  readonly dead = new Set<number>();
  readonly #next: () => number;
  readonly #waiting = new Set<Step>();
  #last = 0;

  constructor(next: () => number) {
    this.#next = next;
  }

  /** Resolves to the result of `act` when it is the process's turn; never, if the process dies first. */
  step<T>(process: number, act: () => T): Promise<T> {
    return new Promise((resolve) => this.#waiting.add({ process, take: () => resolve(act()) }));
  }

  /** Runs until no living process has anything left to do. */
  async run(): Promise<void> {
    for (let steps = 0; steps < 2000; steps++) {
      // Resumed processes request their next step.
      await new Promise((resolve) => setImmediate(resolve));
      const ready = [...this.#waiting].filter(({ process }) => !this.dead.has(process));
      if (ready.length === 0) return;
      const chosen = ready.find(({ process }) => process === this.#last && this.#next() % 6 > 0);
      const step = chosen ?? ready[this.#next() % ready.length]!;
      this.#last = step.process;
      if (this.#next() % 30 === 7) this.dead.add(step.process);
      else this.#take(step);
    }
    throw new Error('the processes never come to an end');
  }

  #take(step: Step): void {
    this.#waiting.delete(step);
    step.take();
  }
}

/** One process's view of shared files. `when` decides when each of its steps runs. */
export function sharedFiles(files: Map<number, string>, when: <T>(act: () => T) => Promise<T>): LockFiles {
  return {
    list: () => when(() => [...files.keys()]),
    read: (generation) => when(() => files.get(generation) ?? null),
    tryCreate: (generation, content) => when(() => !files.has(generation) && files.set(generation, content).size > 0),
    ageMs: (generation) => when(() => (files.has(generation) ? 0 : null)),
    remove: (generation) => when(() => void files.delete(generation)),
  };
}
