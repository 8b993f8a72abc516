import type { DoctorTools } from '../commands/doctor/doctor-tools.ts';
import type { RouteFiles } from '../commands/route/url-input.ts';
import type { Simulation } from '../commands/simulate/simulation.ts';
import type { EndpointAnswer } from '../commands/worker/view.ts';
import type { LoadedConfig, Override } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { PollTiming } from '../core/solve/poll-pacing.ts';
import type { Solver } from '../core/solve/solver.ts';
import type { TaskLimits } from '../domain/queued-task.ts';
import type { Task } from '../domain/task.ts';
import type { AccountApi, EventSink, RegionProbe, SolverApi } from '../ports/api.ts';
import type { SolveTime } from '../ports/state.ts';
import type { Clock, Random } from '../ports/system.ts';
import type { BatchFiles } from './batch-files.ts';
import type { FleetQueues } from './fleet/fleet-queues.ts';
import type { Interrupt } from './interrupt.ts';
import type { SharedState } from './shared-state.ts';
import type { Terminal } from './terminal.ts';

/** The flags that every command takes. */
export interface GlobalFlags {
  readonly config: string | null;
  readonly json: boolean;
  readonly sandbox: boolean;
}

/** An open line to the service, under one configuration. */
export interface SolveSession {
  readonly config: Config;
  /** Tells accounts apart without telling the key. */
  readonly accountId: string;
  readonly api: SolverApi & AccountApi;
  /** Between two polls of an id whose method is not known, in ms. */
  readonly intervalMs: number;
  /** How a task's method is polled. */
  timing(task: Task): PollTiming;
  solver(emit: EventSink, request: SolverRequest): Solver;
  /** How many HTTP requests were sent. */
  requestCount(): number;
  close(): Promise<void>;
}

export interface SessionRequest {
  readonly overrides: readonly Override[];
  /** Polls faster than the service advises are a usage error unless this is true. */
  readonly allowFastPolling: boolean;
}

export interface SolverRequest {
  readonly onExhausted: 'fail' | 'wait' | 'pause';
  /** Aborts when the solver's work is left behind: nothing of it goes on, or holds the process. */
  readonly left?: AbortSignal;
  /** What whoever queued the task asks for, instead of what is configured. */
  readonly limits?: TaskLimits;
}

/** A running service of the embedded kind. */
export interface SandboxHandle {
  readonly url: string;
  stats(): object;
  close(): Promise<void>;
}

/** The texts of the flags of `captcha sandbox`, as written. */
export interface SandboxFlags {
  readonly port?: string;
  readonly latency?: string;
  readonly fault?: readonly string[];
  readonly outage?: readonly string[];
  readonly threads?: string;
  readonly regions?: string;
  readonly key?: string;
}

/** What answers for a worker while it works. */
export interface HealthServerHandle {
  /** Where it listens. */
  readonly url: string;
  close(): Promise<void>;
}

/** What was learnt of one method. */
export interface MethodSolveTimes {
  readonly method: string;
  /** The oldest first. */
  readonly samples: readonly SolveTime[];
  /** When the next task of the method would be polled, in ms since its submission; then each `polling.interval`. */
  readonly planMs: readonly number[];
}

/** What a command may use. Everything costly is a function, called by those who need it. */
export interface Context {
  readonly globals: GlobalFlags;
  /** What was written after the program's name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What runs; `process` tells it from others, on other machines too. */
  readonly program: { readonly version: string; readonly process: string };
  readonly terminal: Terminal;
  readonly interrupt: Interrupt;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: (overrides: readonly Override[]) => Promise<LoadedConfig>;
  readonly configSchema: () => Promise<object>;
  /** Loads the configuration and the key, and opens the service (with `--sandbox` the embedded one). */
  readonly session: (request: SessionRequest) => Promise<SolveSession>;
  readonly batchFiles: () => Promise<BatchFiles>;
  readonly routeFiles: () => Promise<RouteFiles>;
  /** What asks regions and the service how they are; no key is needed, and nothing is asked yet. */
  readonly regionProbe: (config: Config) => Promise<RegionProbe>;
  /** Opens queues. Nothing is loaded before a queue is asked for. */
  readonly queues: (config: Config) => Promise<FleetQueues>;
  /** Answers GETs by `answer`, null being 404, on a port of its own. Throws `UsageError` where that is taken. */
  readonly healthServer: (
    place: { readonly host: string; readonly port: number },
    answer: (path: string) => EndpointAnswer | null,
  ) => Promise<HealthServerHandle>;
  readonly doctor: () => Promise<DoctorTools>;
  readonly simulation: () => Promise<Simulation>;
  /** What processes share about retries; null where each has its own. Loads the key. */
  readonly sharedState: (config: Config) => Promise<SharedState | null>;
  /** What the processes of this host know of the solve times of the service; null where each keeps its own. No key is needed. */
  readonly solveTimes: (config: Config) => Promise<readonly MethodSolveTimes[] | null>;
  readonly sandbox: (flags: SandboxFlags) => Promise<SandboxHandle>;
  /**
   * The content of a file, or of standard input where the path is `-`. Throws `UsageError` where it cannot be read, and
   * where there is more of it than `maxBytes`.
   */
  readonly read: (path: string, maxBytes?: number) => Promise<Uint8Array>;
}

/** Runs a command's work with its flags; a test replaces it to see what the command line was understood as. */
export type CommandRunner = <Flags>(
  run: (flags: Flags, context: Context) => Promise<number>,
  flags: Flags,
) => Promise<void>;

/** Asks the service one thing about the account. */
export async function withAccount<T>(context: Context, useApi: (api: AccountApi) => Promise<T>): Promise<T> {
  // Nothing is polled here: a configuration that polls too fast is no reason to refuse.
  const session = await context.session({ overrides: [], allowFastPolling: true });
  try {
    return await useApi(session.api);
  } finally {
    await session.close();
  }
}
