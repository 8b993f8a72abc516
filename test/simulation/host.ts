import { VirtualClock } from '../../src/adapters/virtual/virtual-clock.ts';
import { PollPlanner } from '../../src/core/solve/poll-plan.ts';
import { SolveTimes } from '../../src/core/solve/solve-times.ts';
import type { SolveOptions } from '../../src/core/solve/solve-options.ts';
import { Solver, type SolverOptions } from '../../src/core/solve/solver.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { Task } from '../../src/domain/task.ts';
import type { Clock } from '../../src/ports/system.ts';
import { SeededGenerator } from '../support/seeded-generator.ts';
import type { MemoryDisk } from '../support/memory-disk.ts';
import type { CrashingProcess } from '../support/crashing-process.ts';
import { Client } from './client.ts';
import { type Guard, guardOf, type OpenGuard, watched } from './guard.ts';
import { type TaskRun, Ledger } from './ledger.ts';
import { ModelledService } from './modelled-service.ts';
import type { Schedule } from './schedule.ts';

/** Solves the tasks of one process. */
export interface SimulatedSolver {
  solve(task: Task, stop: AbortSignal, solveOptions?: SolveOptions): Promise<Outcome>;
}

export interface SolverRole {
  readonly options: SolverOptions;
  /** The disk with a batch's journal; null for a process without one. */
  readonly disk: MemoryDisk | null;
}

/**
 * The longest of many thousands of schedules needs a third of this: if time stops here, processes hang, which is
 * reported.
 */
const mostSleeps = 100_000;
const epoch = Date.UTC(2030, 0, 1);

/** A machine with its clocks, the shared state of its processes, and the service that all of them use. */
export class Host {
  readonly schedule: Schedule;
  readonly ledger: Ledger;
  readonly generator: SeededGenerator;
  /** Independent of the processes; its wall clock is set by the schedule. */
  readonly clock: Clock;
  #sleepCount = 0;
  readonly #virtual = new VirtualClock(epoch);
  readonly #service: ModelledService;
  readonly #openGuard: OpenGuard;
  /** What all processes have learnt. */
  readonly #planner: PollPlanner;

  constructor(schedule: Schedule, trace: ((line: string) => void) | null = null) {
    this.schedule = schedule;
    const virtual = this.#virtual;
    const { jumps, service: habits } = schedule;
    this.clock = {
      nowMs: () => virtual.nowMs(),
      timestamp: () =>
        jumps.reduce((at, { atMs, byMs }) => (atMs <= virtual.nowMs() ? at + byMs : at), virtual.timestamp()),
      sleep: (ms, signal) => {
        this.#sleepCount += 1;
        return this.#sleepCount > mostSleeps ? new Promise(() => undefined) : virtual.sleep(ms, signal);
      },
    };
    this.ledger = new Ledger(() => virtual.nowMs(), trace);
    this.generator = new SeededGenerator(schedule.seed + 2 ** 40);
    const { clock, generator, ledger } = this;
    this.#service = new ModelledService({ habits, clock, generator, ledger });
    this.#planner = new PollPlanner(new SolveTimes(null, { clock }));
    this.#openGuard = guardOf(schedule.protection, { clock, generator });
  }

  /** Advances time until nothing is left to happen. */
  run(): Promise<void> {
    return this.#virtual.run();
  }

  /** A process's view of the clock, with late timers. */
  clockOf(process: CrashingProcess): Clock {
    const { generator, clock, schedule } = this;
    const lagMs = (): number =>
      schedule.lagMs > 0 && generator.chance(0.1) ? generator.between(0, schedule.lagMs) : 0;
    return {
      nowMs: () => clock.nowMs(),
      timestamp: () => clock.timestamp(),
      sleep: (ms, signal) => process.take(() => clock.sleep(ms > 0 ? ms + lagMs() : ms, signal)),
    };
  }

  /** The production solver in one process; each task has an observed client and guard. */
  solverFor(process: CrashingProcess, role: SolverRole): SimulatedSolver {
    const clock = this.clockOf(process);
    const guard = this.#openGuard(process, clock);
    const solve: SimulatedSolver['solve'] = async (task, stop, solveOptions) => {
      const taskRun = this.#begin(process, task, { role, isResumed: (solveOptions?.accepted ?? null) !== null });
      const solver = new Solver(role.options, this.#partsOf(taskRun, { process, clock, guard }));
      const outcome = await solver.solve(task, stop, solveOptions);
      taskRun.endedMs = clock.nowMs();
      taskRun.outcome = outcome;
      this.#recordOutcome(taskRun, outcome);
      return outcome;
    };
    return { solve };
  }

  #recordOutcome({ process, taskId }: TaskRun, outcome: Outcome): void {
    const how = outcome.status === 'solved' ? 'solved' : outcome.reason;
    this.ledger.trace(process, `outcome of ${taskId}: ${how}`);
    this.ledger.count(`outcome: ${how}`);
  }

  #partsOf(taskRun: TaskRun, { process, clock, guard }: { process: CrashingProcess; clock: Clock; guard: Guard }) {
    const { ledger, schedule, generator } = this;
    const client = { service: this.#service, clock: this.clock, ledger, callTimeoutMs: schedule.callTimeoutMs };
    return {
      api: new Client(client, { taskRun, process }),
      ...{ clock, random: generator },
      ...watched(guard, taskRun, {
        process,
        ledger,
        clock: this.clock,
        generator,
        answerMs: schedule.protection.answerMs,
      }),
      emit: ({ type }: { type: string }) => ledger.count(`solver: ${type}`),
      timing: () => schedule.polling,
      planner: this.#planner,
    };
  }

  #begin(
    { name: process }: CrashingProcess,
    { taskId }: Task,
    { role: { options, disk }, isResumed }: { role: SolverRole; isResumed: boolean },
  ): TaskRun {
    const startedMs = this.clock.nowMs();
    const about = { process, taskId, disk, options, startedMs, isResumed };
    const taskRun: TaskRun = { ...about, calls: [], endedMs: null, outcome: null, pass: null };
    this.ledger.taskRuns.push(taskRun);
    return taskRun;
  }
}
