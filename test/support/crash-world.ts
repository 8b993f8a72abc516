import type { VirtualClock } from '../../src/adapters/virtual/virtual-clock.ts';
import { describeFault, type Fault, ProviderFault } from '../../src/domain/fault.ts';
import type { Task } from '../../src/domain/task.ts';
import type { PollAnswer, SolverApi } from '../../src/ports/api.ts';
import type { Random } from '../../src/ports/system.ts';

/** One acceptance of a task by the service. */
interface Accepted {
  readonly captchaId: string;
  readonly taskId: string;
  /** True once the client has the id on its disk. */
  isKnown: boolean;
  /** False once the service answered that it gave the id up. */
  isAlive: boolean;
}

const lost = describeFault({ kind: 'transport', message: 'the answer was lost', answerLost: true });
const faults: readonly Fault[] = [
  describeFault({ kind: 'transport', message: 'reset' }),
  describeFault({ kind: 'throttled', message: 'slow down', retryAfterMs: 2_000 }),
  describeFault({ kind: 'throttled', message: 'no thread', threadsFull: true }),
  describeFault({ kind: 'rejected', message: 'bad parameters' }),
  describeFault({ kind: 'account', message: 'no balance' }),
];
const pollFaults = faults.slice(0, 2);

/** A service that outlives its client runs, and runs that are abandoned after a number of steps. */
export class CrashWorld {
  readonly accepted: Accepted[] = [];
  /** Task ids accepted while the client knew a live id: paid for twice without need. */
  readonly paidTwice: string[] = [];
  /** Without those that got a no-slot answer. */
  submissions = 0;
  readonly #random: Random;
  #stepsLeft = Infinity;
  #faultRatio = 0;
  #life = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Starts a new run; earlier ones never take another step. */
  begin({ steps, faultRatio }: { steps: number; faultRatio: number }): void {
    this.#stepsLeft = steps;
    this.#faultRatio = faultRatio;
    this.#life += 1;
  }

  /** Resolves if the run lives on; otherwise never. */
  step(): Promise<void> {
    this.#stepsLeft -= 1;
    return this.#stepsLeft >= 0 ? Promise.resolve() : new Promise(() => undefined);
  }

  /** The client has recorded the id of its latest submission. */
  know(taskId: string): void {
    const latest = this.accepted.findLast((each) => each.taskId === taskId);
    if (latest !== undefined) latest.isKnown = true;
  }

  api(clock: VirtualClock): SolverApi {
    const life = this.#life;
    const later = async (): Promise<void> => {
      await clock.sleep(this.#random.next() * 3_000);
      if (life !== this.#life) await new Promise(() => undefined);
    };
    return {
      submit: async (task) => {
        this.submissions += 1;
        await later();
        return this.#submit(task);
      },
      poll: async (captchaId) => {
        await this.step();
        await later();
        return this.#poll(captchaId);
      },
    };
  }

  async #submit(task: Task): Promise<string> {
    const chance = this.#random.next();
    if (chance < this.#faultRatio * 0.8) {
      const fault = this.#oneOf(faults);
      if (fault.threadsFull) this.submissions -= 1;
      await this.step();
      throw new ProviderFault(fault);
    }
    const isLost = chance < this.#faultRatio;
    const accepted = isLost && this.#random.next() < 0.5 ? null : this.#accept(task);
    await this.step();
    if (isLost || accepted === null) throw new ProviderFault(lost);
    return accepted.captchaId;
  }

  #accept({ taskId }: Task): Accepted {
    if (this.accepted.some((each) => each.taskId === taskId && each.isKnown && each.isAlive))
      this.paidTwice.push(taskId);
    const accepted = { captchaId: `c${this.accepted.length + 1}`, taskId, isKnown: false, isAlive: true };
    this.accepted.push(accepted);
    return accepted;
  }

  #poll(captchaId: string): PollAnswer {
    const found = this.accepted.find((each) => each.captchaId === captchaId);
    if (found === undefined) throw new Error(`nobody accepted ${captchaId}`);
    const chance = this.#random.next();
    if (chance < this.#faultRatio * 0.3) throw new ProviderFault(this.#oneOf(pollFaults));
    if (!found.isAlive || chance < this.#faultRatio * 0.6) {
      found.isAlive = false;
      throw new ProviderFault(describeFault({ kind: 'unsolvable', message: 'nobody could', code: 'ERROR_UNSOLVABLE' }));
    }
    if (chance < 0.5) return { ready: false };
    return { ready: true, solution: { text: `token of ${found.taskId}`, fields: {} } };
  }

  #oneOf<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random.next() * list.length)]!;
  }
}
