import type { Awaitable } from '../../src/ports/system.ts';

/**
 * A process that may end between any two of its steps. Everything that it requests from outside goes through `take`;
 * requests and answers after its end never return.
 */
export class CrashingProcess {
  readonly name: string;
  /** Resolves when it is killed. */
  readonly killed: Promise<'killed'>;
  #stepsLeft: number;
  #isDead = false;
  #notify: (how: 'killed') => void = () => undefined;

  /** `steps`: it is killed after this many; Infinity for never. */
  constructor(name: string, steps = Infinity) {
    this.name = name;
    this.#stepsLeft = steps;
    this.killed = new Promise((resolve) => {
      this.#notify = resolve;
    });
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  kill(): void {
    this.#isDead = true;
    this.#notify('killed');
  }

  /** Two steps, one before the action and one before its answer is known. */
  async take<T>(action: () => Awaitable<T>): Promise<T> {
    await this.#step();
    try {
      return await action();
    } finally {
      await this.#step();
    }
  }

  #step(): Promise<void> {
    this.#stepsLeft -= 1;
    if (this.#stepsLeft < 0) this.kill();
    // A separate promise each time: a shared one would keep references to all its waiters.
    return this.#isDead ? new Promise(() => undefined) : Promise.resolve();
  }
}
