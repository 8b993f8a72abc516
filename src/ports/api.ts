import type { SolverEvent } from '../domain/events.ts';
import type { Fault, FaultKind } from '../domain/fault.ts';
import type { Solution } from '../domain/outcome.ts';
import type { Task } from '../domain/task.ts';

/** The limits of one call. */
export interface CallLimits {
  /** Timeout in ms; the adapter's own timeout may be shorter. */
  readonly timeLeftMs: number;
  /** Aborts the call at once, as a fault of kind `transport`. */
  readonly signal?: AbortSignal;
}

/** A solution in the answer to a submission. `captchaId` is null if the service gave no id. */
export interface SolvedAtOnce {
  readonly captchaId: string | null;
  readonly solution: Solution;
}

export type PollAnswer = { readonly ready: false } | { readonly ready: true; readonly solution: Solution };

/**
 * The solving service. Both methods throw only `ProviderFault`.
 *
 * `submit` is paid and cannot be undone: an adapter sends it at most once per call. `poll` is free.
 */
export interface SolverApi {
  /** Submits a task; resolves with the service's id, an opaque string, or with the solution if the service waits for it. */
  submit(task: Task, limits: CallLimits): Promise<string | SolvedAtOnce>;
  /** Checks once for the solution. */
  poll(captchaId: string, limits: CallLimits): Promise<PollAnswer>;
}

export interface Threads {
  /** How many tasks the account may have in work at once. */
  readonly threads: number;
  readonly workingThreads: number;
}

/** `solve` is a submission whose answer is the solution. */
export type RequestCall = 'submit' | 'solve' | 'poll' | 'account';

/** How a request ended: with an answer as documented, or with this fault. */
export type RequestOutcome = 'answered' | 'threads-full' | FaultKind;

/** The requests that were sent. */
export type RequestCounts = Readonly<Record<RequestCall, Readonly<Partial<Record<RequestOutcome, number>>>>>;

/** Account requests, and reports about solutions. Throws `ProviderFault`. */
export interface AccountApi {
  /** In the account's currency. */
  balance(): Promise<number>;
  threads(): Promise<Threads>;
  report(captchaId: string, verdict: 'good' | 'bad'): Promise<void>;
}

export type ConnectionStep = 'DNS' | 'TCP' | 'TLS';

/** The steps of a connection to a host. */
export interface ConnectionReport {
  /** The steps taken, with their durations in ms. */
  readonly steps: readonly { readonly step: ConnectionStep; readonly durationMs: number }[];
  /** The failed step and the reason, as a phrase; null if the connection succeeded. */
  readonly failed: { readonly step: ConnectionStep; readonly error: string } | null;
}

/** The service's clock compared with the local one. */
export interface ClockReading {
  /** The service's wall clock, cut to whole seconds, in ms since the epoch. */
  readonly serverAt: number;
  /** Local wall-clock time at the midpoint of the request, in ms since the epoch (for clock-skew estimation). */
  readonly localAt: number;
  /** Round trip of the request, in ms. */
  readonly roundTripMs: number;
}

/** The answers to a few cheap requests, sent one after another on one connection. */
export interface ServiceAnswers {
  /** Round trips of the answered requests, in order, in ms; the first one includes connecting. */
  readonly roundTripsMs: readonly number[];
  /** What ended the requests early, or a problem of the account; null if there is none. */
  readonly fault: Fault | null;
  /** The HTTP status of that answer; null without an answer or a fault. */
  readonly status: number | null;
  /** Null if unknown. */
  readonly balance: number | null;
  readonly threads: Threads | null;
  /** Null if the service does not send its time. */
  readonly clock: ClockReading | null;
}

/** How the service is reached, and its answers. */
export interface ApiProbeReport {
  /** Null with a proxy, which makes the connection. */
  readonly connection: ConnectionReport | null;
  /** Null without a connection. */
  readonly answers: ServiceAnswers | null;
}

/** The report of a region's workers. */
export interface RegionAnswer {
  /** Their status word in lower case, such as `healthy` or `draining`; null if there is none. */
  readonly status: string | null;
  readonly activeWorkers: number | null;
  readonly queueDepth: number | null;
  /** Why the region sleeps although it did not say so itself; absent if it answered. */
  readonly asleep?: string;
  /** An impossible value in the report, as a phrase without the region's own text; absent if there is none. */
  readonly invalidField?: string;
}

export type ProbeResult =
  /** `latencyMs` is null where the queue of the region answered in its place. */
  | { readonly answered: true; readonly latencyMs: number | null; readonly answer: RegionAnswer }
  /**
   * No answer, or none of a serving region. `error`: one sentence without control characters. `nothingListens`: the
   * connection was refused; absent for every other failure.
   */
  | {
      readonly answered: false;
      readonly latencyMs: number | null;
      readonly error: string;
      readonly nothingListens?: true;
      /** Set if a limit of this machine was reached, such as that of open files: the region was not asked. */
      readonly isLocal?: true;
    };

export interface ProbeLimits {
  /** Timeout of the probe in ms, from connecting to the last byte. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Probes an endpoint once. Never rejects: a failure is a result. */
export interface RegionProbe {
  /** Probes a region's health endpoint. */
  probeRegion(url: string, limits: ProbeLimits): Promise<ProbeResult>;
  /** Tests whether the solving service is reachable: any HTTP answer counts. Needs no key. */
  probeApi(baseUrl: string, limits: ProbeLimits): Promise<ApiReach>;
}

export interface ApiReach {
  readonly reachable: boolean;
  readonly latencyMs: number | null;
  readonly error: string | null;
}

/** Receives events. Must not throw and must not block. */
export type EventSink = (event: SolverEvent) => void;
