import type { DoctorTools } from '../commands/doctor/doctor-tools.ts';
import type { RouteFiles } from '../commands/route/url-input.ts';
import type { Simulation } from '../commands/simulate/simulation.ts';
import type { EndpointAnswer } from '../commands/worker/view.ts';
import type { ConfigPlaces } from '../config/config-places.ts';
import type { LoadedConfig, Override } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { BudgetFacts } from '../core/resilience/budget-facts.ts';
import type { PollTiming } from '../core/solve/poll-pacing.ts';
import type { SolvedShares } from '../core/solve/solve-times.ts';
import type { Solver } from '../core/solve/solver.ts';
import type { WatchedThreads } from '../core/solve/usage-recorder.ts';
import type { TaskLimits } from '../domain/queued-task.ts';
import type { Task } from '../domain/task.ts';
import type { UsageRecord } from '../domain/usage.ts';
import type { AccountApi, EventSink, RegionProbe, RequestCounts, SolverApi } from '../ports/api.ts';
import type { LogWriter, SolveTime, StatusHistory } from '../ports/state.ts';
import type { Clock, HookRequest, Random } from '../ports/system.ts';
import type { BatchFiles } from './batch-files.ts';
import type { CommandNode } from './command-node.ts';
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

/** An open connection to the service, under one configuration. */
export interface SolveSession {
  readonly config: Config;
  /** Identifies the account without revealing the key. It is a hash of the key that the session was opened with. */
  readonly accountId: string;
  /** `listener` is called with the new account id when the run goes on with a changed key. */
  onNewKey(listener: (accountId: string) => void): void;
  readonly api: SolverApi & AccountApi;
  /** Between two polls of an id whose method is not known, in ms. */
  readonly intervalMs: number;
  /** How a task's method is polled. */
  timing(task: Task): PollTiming;
  /** How long the service works on tasks, as far as it was seen. */
  readonly solvedShares: SolvedShares;
  /** Counts the use of the account; left out by a session that submits nothing, or if nothing is shared. */
  readonly usage?: { watch(threads: WatchedThreads): void };
  solver(emit: EventSink, request: SolverRequest): Solver;
  /** How many HTTP requests were sent. */
  requestCount(): number;
  requestCounts(): RequestCounts;
  /** The retry budget and the breaker that this process uses, and how they are; null if not known yet. */
  budgetFacts(): BudgetFacts | null;
  close(): Promise<void>;
}

export interface SessionRequest {
  readonly overrides: readonly Override[];
  /** Polls faster than the service advises are a usage error unless this is true. */
  readonly allowFastPolling: boolean;
  /** Who submits, for the limits and the audit. Left out by commands that submit nothing. */
  readonly writer?: LogWriter;
}

export interface SolverRequest {
  readonly onExhausted: 'fail' | 'wait' | 'pause';
  /** Aborts when the work of the solver is abandoned. Nothing of it continues or keeps the process alive. */
  readonly left?: AbortSignal;
  /** Limits that came with a queued task; they replace the configured ones. */
  readonly limits?: TaskLimits;
}

/** What a sandbox counts, as far as commands use it. `duplicates`: accepted submissions of a task that was already paid for. */
export interface SandboxTotals {
  readonly submissions: number;
  readonly accepted: number;
  readonly duplicates: number;
}

/** A running embedded service. */
export interface SandboxHandle {
  readonly url: string;
  stats(): SandboxTotals;
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
  readonly regionOutage?: readonly string[];
  readonly key?: string;
  readonly balance?: string;
  readonly retryAfter?: string;
  readonly quirk?: readonly string[];
  readonly withoutSolvePhp?: boolean;
}

/** Where a server listens. */
export interface ServerPlace {
  readonly host: string;
  /** 0 selects a free port. */
  readonly port: number;
  /** The name of the port in errors, and what to do; left out, the health port of a worker. */
  readonly named?: { readonly what: string; readonly fix: string };
}

/** The health endpoint of a running worker. */
export interface HealthServerHandle {
  /** The URL that it listens on. */
  readonly url: string;
  close(): Promise<void>;
}

/** The solve times of one method. */
export interface MethodSolveTimes {
  readonly method: string;
  /** The oldest first. */
  readonly samples: readonly SolveTime[];
  /** The ages at which the next task of the method would be polled, in ms; then each `polling.interval`. */
  readonly planMs: readonly number[];
}

/** What was counted of the use of an account. */
export interface UsageView {
  /** The URL of the service, and a hash that stands for the API key. */
  readonly service: string;
  readonly account: string;
  readonly records: readonly UsageRecord[];
}

/** What commands can use. Everything costly is a function, called only if needed. */
export interface Context {
  readonly globals: GlobalFlags;
  /** The command-line arguments. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The running program; `process` is unique across machines. */
  readonly program: { readonly version: string; readonly process: string };
  readonly terminal: Terminal;
  readonly interrupt: Interrupt;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: (overrides: readonly Override[]) => Promise<LoadedConfig>;
  readonly configSchema: () => Promise<object>;
  /** Which config file is in use, and where one was looked for. No file is validated for it. */
  readonly configPlaces: () => Promise<ConfigPlaces>;
  /** A config file to start from. */
  readonly startingConfig: (format: 'yaml' | 'json') => Promise<string>;
  /** Creates a file and returns its absolute path. Throws `UsageError` if something is there. */
  readonly createFile: (path: string, text: string) => Promise<string>;
  /** Loads the configuration and the key, and opens the service (with `--sandbox` the embedded one). */
  readonly session: (request: SessionRequest) => Promise<SolveSession>;
  readonly batchFiles: () => Promise<BatchFiles>;
  readonly routeFiles: () => Promise<RouteFiles>;
  /** Probes regions and the service. It needs no key and sends nothing yet. */
  readonly regionProbe: (config: Config) => Promise<RegionProbe>;
  /** Opens queues. Nothing is loaded before a queue is asked for. */
  readonly queues: (config: Config) => Promise<FleetQueues>;
  /** Serves GET requests with `answer` (null means 404) on its own port. Throws `UsageError` if the port is taken. */
  readonly healthServer: (
    place: ServerPlace,
    answer: (path: string) => EndpointAnswer | null,
  ) => Promise<HealthServerHandle>;
  readonly doctor: () => Promise<DoctorTools>;
  readonly simulation: () => Promise<Simulation>;
  /** The retry state that processes share; null if each has its own. Loads the key. */
  readonly sharedState: (config: Config) => Promise<SharedState | null>;
  /** The solve times that the processes of this host have seen; null if each process keeps its own. Needs no key. */
  readonly solveTimes: (config: Config) => Promise<readonly MethodSolveTimes[] | null>;
  /**
   * The use of the account from this hour on (hours since 1970, UTC); null if every process keeps its own state. Loads the
   * key. Throws `RemoteUnavailableError`.
   */
  readonly usage: (config: Config, sinceHour: number) => Promise<UsageView | null>;
  /** What earlier commands of this user saw of the regions; nothing with `--sandbox`. */
  readonly statusHistory: (config: Config) => Promise<StatusHistory>;
  /** Runs a command line of the user. Never rejects: resolves with why it failed, as a phrase, or null. */
  readonly runHook: (command: string, request: HookRequest) => Promise<string | null>;
  /** All commands, with their arguments and options. Loads the module of every command. */
  readonly commandTree: () => Promise<CommandNode>;
  /** Shows a manual page in roff until the person leaves it. Resolves with false where no program can show it. */
  readonly showManual: (page: string) => Promise<boolean>;
  readonly sandbox: (flags: SandboxFlags) => Promise<SandboxHandle>;
  /**
   * How the embedded service of `--sandbox` behaves; takes effect before `config` is first called. `sharesState`: the
   * scope of budget and breaker is the host, in a state folder that ends with the command.
   */
  readonly scriptSandbox: (flags: SandboxFlags, options?: { readonly sharesState?: boolean }) => void;
  /**
   * The content of a file, or of standard input where the path is `-`. Throws `UsageError` where it cannot be read, and
   * where there is more of it than `maxBytes`.
   */
  readonly read: (path: string, maxBytes?: number) => Promise<Uint8Array>;
}

/** Runs a command with its flags. Tests replace it to check how the command line was parsed. */
export type CommandRunner = <Flags>(
  run: (flags: Flags, context: Context) => Promise<number>,
  flags: Flags,
) => Promise<void>;

/** Sends one request about the account. */
export async function withAccount<T>(context: Context, useApi: (api: AccountApi) => Promise<T>): Promise<T> {
  // Nothing is polled here, so a configuration that polls too fast is accepted.
  const session = await context.session({ overrides: [], allowFastPolling: true });
  try {
    return await useApi(session.api);
  } finally {
    await session.close();
  }
}
