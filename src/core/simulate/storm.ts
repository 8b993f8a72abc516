import type { SolverEvent } from '../../domain/events.ts';
import type { ServiceModel } from '../../ports/modelled-service.ts';
import type { Random } from '../../ports/random.ts';
import type { SolverApi } from '../../ports/solver-api.ts';
import type { VirtualTime } from '../../ports/virtual-time.ts';
import type { PollTiming } from '../solve/poll-schedule.ts';
import { Solver, type SolverOptions } from '../solve/solver.ts';
import type { SimulationKit } from './kit.ts';
import { type ProtectionPlan, protectionOf } from './protection.ts';
import { neverAborted, simulatedTask } from './simulated-task.ts';
import { Traffic, type TrafficSecond } from './traffic.ts';

/** Clients that solve one task after the other, and the service that they solve them with. */
export interface StormScenario {
  readonly clients: number;
  readonly durationMs: number;
  readonly service: ServiceModel;
  readonly timing: PollTiming;
  /** After a task that was given up a client waits so long before it begins the next. */
  readonly pauseMs: number;
  readonly seed: number;
}

/** How the clients of one run behave. */
export interface StormPolicy {
  readonly solver: SolverOptions;
  readonly protection: ProtectionPlan;
  /** Whether all clients draw on the same protection, or each on one of its own. */
  readonly isShared: boolean;
}

/** What came of it, until the end of the scenario. */
export interface StormCourse {
  /** One for each second of the scenario. */
  readonly seconds: readonly Readonly<TrafficSecond>[];
  /** Tasks that were submitted. */
  readonly tasks: number;
  readonly solved: number;
  /** Tasks that were given up. */
  readonly failed: number;
}

/** One run of a scenario: the shipping solver, in virtual time. */
class StormRun {
  readonly #scenario: StormScenario;
  readonly #policy: StormPolicy;
  readonly #clock: VirtualTime;
  readonly #never = neverAborted();
  readonly #random: Random;
  readonly #traffic: Traffic;
  readonly #api: SolverApi;
  #retries = 0;
  #solved = 0;
  #failed = 0;

  constructor(scenario: StormScenario, policy: StormPolicy, kit: SimulationKit) {
    this.#scenario = scenario;
    this.#policy = policy;
    this.#clock = kit.clock();
    this.#random = kit.random(scenario.seed);
    this.#traffic = new Traffic(this.#clock);
    this.#api = kit.service(scenario.service, {
      clock: this.#clock,
      random: this.#random,
      watch: this.#traffic,
    });
  }

  async toCourse(): Promise<StormCourse> {
    const { clients, durationMs } = this.#scenario;
    const shared = this.#policy.isShared ? this.#solver() : null;
    for (let client = 0; client < clients; client += 1) void this.#work(client, shared ?? this.#solver());
    await this.#clock.advance(durationMs);
    return {
      seconds: this.#traffic.seconds(Math.ceil(durationMs / 1_000)),
      tasks: this.#traffic.submissionCount - this.#retries,
      solved: this.#solved,
      failed: this.#failed,
    };
  }

  #solver(): Solver {
    const deps = { clock: this.#clock, random: this.#random };
    return new Solver(this.#policy.solver, {
      ...deps,
      ...protectionOf(this.#policy.protection, deps),
      api: this.#api,
      emit: (event) => this.#recordEvent(event),
      timing: () => this.#scenario.timing,
    });
  }

  #recordEvent(event: SolverEvent): void {
    if (event.type === 'submitting' && event.attempt > 1) this.#retries += 1;
  }

  async #work(client: number, solver: Solver): Promise<void> {
    // Not all at once: they begin in the course of a task's time.
    await this.#clock.sleep(this.#random.next() * this.#scenario.service.solveMs[1]);
    for (let count = 1; ; count += 1) {
      const { status } = await solver.solve(simulatedTask(`${client}-${count}`), this.#never);
      if (status === 'solved') this.#solved += 1;
      else {
        this.#failed += 1;
        await this.#clock.sleep(this.#scenario.pauseMs);
      }
    }
  }
}

/** Lets a scenario happen. The same scenario, policy and kit always give the same course. */
export function runStorm(scenario: StormScenario, policy: StormPolicy, kit: SimulationKit): Promise<StormCourse> {
  return new StormRun(scenario, policy, kit).toCourse();
}
