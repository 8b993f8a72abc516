import type { SolverEvent } from '../domain/events.ts';
import type { Fault } from '../domain/fault.ts';
import type { Solution } from '../domain/outcome.ts';
import type { Task } from '../domain/task.ts';

/** The limits of one call. */
export interface CallLimits {
  /** No longer than this, in ms; the adapter's own timeout may be shorter. */
  readonly timeLeftMs: number;
  /** Ends the call at once, as a fault of kind `transport`. */
  readonly signal?: AbortSignal;
}

export type PollAnswer = { readonly ready: false } | { readonly ready: true; readonly solution: Solution };

/**
 * The solving service. Both methods throw `ProviderFault` and nothing else.
 *
 * `submit` is paid and cannot be undone: an adapter sends it at most once per call. `poll` is free.
 */
export interface SolverApi {
  /** Hands a task in; resolves with the service's id, an opaque string. */
  submit(task: Task, limits: CallLimits): Promise<string>;
  /** Looks once whether the solution is there. */
  poll(captchaId: string, limits: CallLimits): Promise<PollAnswer>;
}

export interface Threads {
  /** How many tasks the account may have in work at once. */
  readonly threads: number;
  readonly workingThreads: number;
}

/** What the service says about the account, and what it is told about solutions. Throws `ProviderFault`. */
export interface AccountApi {
  /** In the account's currency. */
  balance(): Promise<number>;
  threads(): Promise<Threads>;
  report(captchaId: string, verdict: 'good' | 'bad'): Promise<void>;
}

export type ConnectionStep = 'DNS' | 'TCP' | 'TLS';

/** How a connection to a host came about, step by step. */
export interface ConnectionReport {
  /** The steps that were taken and how long each took, in ms. */
  readonly steps: readonly { readonly step: ConnectionStep; readonly durationMs: number }[];
  /** The step that failed and why, as a phrase; null where the connection stands. */
  readonly failed: { readonly step: ConnectionStep; readonly error: string } | null;
}

/** The service's clock beside ours. */
export interface ClockReading {
  /** The service's wall clock, cut to whole seconds, in ms since the epoch. */
  readonly serverAt: number;
  /** Our own wall clock at the moment in the middle between question and answer. */
  readonly localAt: number;
  /** Between question and answer, in ms. */
  readonly roundTripMs: number;
}

/** What a few cheap questions, one after the other on one connection, say about the service. */
export interface ServiceAnswers {
  /** Of every question that was answered, in order, in ms; the first one had to connect before it was sent. */
  readonly roundTripsMs: readonly number[];
  /** What ended the questions early, or what the service holds against the account; null where nothing did. */
  readonly fault: Fault | null;
  /** Null where it was not told. */
  readonly balance: number | null;
  readonly threads: Threads | null;
  /** Null where the service does not tell its time. */
  readonly clock: ClockReading | null;
}

/** How the service can be reached, and what it answers. */
export interface ApiProbeReport {
  /** Null through a proxy, which makes the connection. */
  readonly connection: ConnectionReport | null;
  /** Null where there was no connection to ask on. */
  readonly answers: ServiceAnswers | null;
}

/** What a region's workers say about themselves. */
export interface RegionAnswer {
  /** Their own word, in lower case, such as `healthy` or `draining`; null where there is none. */
  readonly status: string | null;
  readonly activeWorkers: number | null;
  readonly queueDepth: number | null;
  /** What it says that cannot be, as a phrase free of its own words; left out where all of it can. */
  readonly invalidField?: string;
}

export type ProbeResult =
  | { readonly answered: true; readonly latencyMs: number; readonly answer: RegionAnswer }
  /** Nothing came, or nothing that a serving region says. `error`: one sentence free of control characters. */
  | { readonly answered: false; readonly latencyMs: number | null; readonly error: string };

export interface ProbeLimits {
  /** The longest that the probe may take, in ms, from connecting to the last byte. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Asks an endpoint once. Never rejects: what goes wrong is a result. */
export interface RegionProbe {
  /** Looks at a region's health endpoint. */
  probeRegion(url: string, limits: ProbeLimits): Promise<ProbeResult>;
  /** Whether the solving service can be reached at all: any HTTP answer will do. It needs no key. */
  probeApi(baseUrl: string, limits: ProbeLimits): Promise<ApiReach>;
}

export interface ApiReach {
  readonly reachable: boolean;
  readonly latencyMs: number | null;
  readonly error: string | null;
}

/** Where events go. Must not throw and must not block. */
export type EventSink = (event: SolverEvent) => void;
