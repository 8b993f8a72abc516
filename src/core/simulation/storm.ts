import type { SolverEvent } from '../../domain/events.ts';
import type { SolverApi } from '../../ports/api.ts';
import type { ServiceModel, VirtualTime } from '../../ports/simulation.ts';
import type { Random } from '../../ports/system.ts';
import type { PollTiming } from '../solve/poll-pacing.ts';
import { Solver, type SolverOptions } from '../solve/solver.ts';
import {
  neverAborted,
  createSimulatedResilience,
  type ResiliencePlan,
  simulatedTask,
  type SimulationEnv,
} from './environment.ts';
import { LoadGenerator, type LoadSecond } from './load-generator.ts';

/** Clients that solve one task after another, and the service. */
export interface StormScenario {
  readonly clients: number;
  readonly durationMs: number;
  readonly service: ServiceModel;
  readonly timing: PollTiming;
  /** Pause of a client between a task that it gave up and the next one, in ms. */
  readonly pauseMs: number;
  readonly seed: number;
}

/** How the clients of a run behave. */
export interface StormPolicy {
  readonly solver: SolverOptions;
  readonly resilience: ResiliencePlan;
  /** True if all clients share one budget and breaker; false if each has its own. */
  readonly isShared: boolean;
}

/** The events until the end of the scenario. */
export interface StormTimeline {
  /** One entry per second of the scenario. */
  readonly seconds: readonly Readonly<LoadSecond>[];
  /** Submitted tasks. */
  readonly tasks: number;
  readonly solved: number;
  /** Tasks that were given up. */
  readonly failed: number;
}

/** One run of a scenario: the production solver in virtual time. */
class RetryStorm {
  readonly #scenario: StormScenario;
  readonly #policy: StormPolicy;
  readonly #clock: VirtualTime;
  readonly #never = neverAborted();
  readonly #random: Random;
  readonly #traffic: LoadGenerator;
  readonly #api: SolverApi;
  #retries = 0;
  #solved = 0;
  #failed = 0;

  constructor(scenario: StormScenario, policy: StormPolicy, env: SimulationEnv) {
    this.#scenario = scenario;
    this.#policy = policy;
    this.#clock = env.clock();
    this.#random = env.random(scenario.seed);
    this.#traffic = new LoadGenerator(this.#clock);
    this.#api = env.service(scenario.service, {
      clock: this.#clock,
      random: this.#random,
      watch: this.#traffic,
    });
  }

  async toTimeline(): Promise<StormTimeline> {
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
      ...createSimulatedResilience(this.#policy.resilience, deps),
      api: this.#api,
      emit: (event) => this.#recordEvent(event),
      timing: () => this.#scenario.timing,
    });
  }

  #recordEvent(event: SolverEvent): void {
    if (event.type === 'submitting' && event.attempt > 1) this.#retries += 1;
  }

  async #work(client: number, solver: Solver): Promise<void> {
    // Clients start spread over one solve time, not all at once.
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

/** Runs a scenario. The same scenario, policy and environment always give the same timeline. */
export function runStorm(scenario: StormScenario, policy: StormPolicy, env: SimulationEnv): Promise<StormTimeline> {
  return new RetryStorm(scenario, policy, env).toTimeline();
}

/** The key figures of one run. */
export interface StormFigures {
  /** Submissions and polls. */
  readonly requests: number;
  readonly submissions: number;
  readonly submissionsInOutage: number;
  /** Submissions per task. */
  readonly amplification: number;
  readonly peakRequestsPerSecond: number;
  /**
   * Time from the end of the outage until the number of tasks in work is back to normal, in ms; null if it never is.
   */
  readonly recoveryMs: number | null;
  readonly solved: number;
  /** Tasks that were given up. */
  readonly failed: number;
  /** Solved share of the finished tasks, 0..1. */
  readonly successRatio: number;
  /** Submissions that the service did not accept. */
  readonly wastedSubmissions: number;
}

/** Back to normal: this share of the tasks in work before the outage, for this many consecutive seconds. */
const usual = { share: 0.9, seconds: 10 };
/** The normal value is an average over this many seconds before the outage. */
const normalOverSeconds = 30;

type Seconds = readonly Readonly<LoadSecond>[];

const sumOf = (seconds: Seconds, of: (second: LoadSecond) => number): number =>
  seconds.reduce((sum, second) => sum + of(second), 0);

function recoveryMs(seconds: Seconds, { fromMs, toMs }: { fromMs: number; toMs: number }): number | null {
  const [from, to] = [Math.floor(fromMs / 1_000), Math.ceil(toMs / 1_000)];
  const before = seconds.slice(Math.max(0, from - normalOverSeconds), from);
  const enough = (usual.share * sumOf(before, ({ inWork }) => inWork)) / Math.max(1, before.length);
  const isRecovered = (_: unknown, at: number): boolean =>
    at >= to && seconds.slice(at, at + usual.seconds).every(({ inWork }) => inWork >= enough);
  const at = seconds.findIndex(isRecovered);
  return at < 0 ? null : at * 1_000 - toMs;
}

/** Computes the figures of a run. */
export function figuresOf({ seconds, tasks, solved, failed }: StormTimeline, { service }: StormScenario): StormFigures {
  const { outage } = service;
  const submissions = sumOf(seconds, (second) => second.submissions);
  const isInOutage = (_: unknown, at: number): boolean =>
    outage !== null && at * 1_000 >= outage.fromMs && at * 1_000 < outage.toMs;
  return {
    requests: submissions + sumOf(seconds, ({ polls }) => polls),
    submissions,
    submissionsInOutage: sumOf(seconds.filter(isInOutage), (second) => second.submissions),
    amplification: tasks === 0 ? 0 : submissions / tasks,
    peakRequestsPerSecond: seconds.reduce((peak, second) => Math.max(peak, second.submissions + second.polls), 0),
    recoveryMs: outage === null ? null : recoveryMs(seconds, outage),
    solved,
    failed,
    successRatio: solved + failed === 0 ? 0 : solved / (solved + failed),
    wastedSubmissions: submissions - sumOf(seconds, ({ accepted }) => accepted),
  };
}
