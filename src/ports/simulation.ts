import type { SolverApi, Threads } from './api.ts';
import type { Clock } from './system.ts';

/** A range with uniform distribution, in ms. */
export type SpanMs = readonly [shortest: number, longest: number];

/** The result of a submission: accepted, refused by a busy service or for lack of a thread, or failed. */
export type ModelledReply = 'accepted' | 'busy' | 'full' | 'failed';

/** Observes the use of a modelled service. */
export interface ServiceWatch {
  /** Called when it arrives. */
  submission(reply: ModelledReply): void;
  poll(): void;
  /** Called when a solution was delivered; `delayMs` is the time since it was ready. */
  solved(delayMs: number): void;
}

/** A service with limited capacity and an optional outage. */
export interface ServiceModel {
  /** Submissions fail from `fromMs` until before `toMs`; solutions are still delivered. Null: no outage. */
  readonly outage: { readonly fromMs: number; readonly toMs: number } | null;
  readonly roundTripMs: SpanMs;
  /** Time from acceptance to solution. */
  readonly solveMs: SpanMs;
  /** Null: unlimited. */
  readonly capacity: ServiceCapacity | null;
  /** Tasks that the account may have in work at once; left out: unlimited. */
  readonly threads?: number;
}

/** A modelled service. It tells the threads of the account, as the real one does. */
export interface ModelledService extends SolverApi {
  threads(): Promise<Threads>;
}

export interface ServiceCapacity {
  /** Submissions per second; further ones are refused as busy. */
  readonly perSecond: number;
  /** Above this multiple of it the service collapses: it accepts half of its capacity, and the rest fails. */
  readonly collapseRatio: number;
}

/**
 * A service that becomes slower with every concurrent request. After M. Brooker, *Metastability and Distributed
 * Systems*.
 */
export interface ThrashingModel {
  /** Service time of a request without concurrent ones. */
  readonly serviceMs: number;
  /** Added service time per concurrent request. */
  readonly contentionMs: number;
  /** Mean one-way latency; exponentially distributed. */
  readonly networkMs: number;
  /** Clients time out after this; the service still finishes their requests. */
  readonly timeoutMs: number;
}

/** A clock whose time passes only on request, and then without waiting. */
export interface VirtualTime extends Clock {
  /** Advances time until no sleeper is left. */
  run(): Promise<void>;
  /** Advances time by `ms` and wakes all due sleepers. */
  advance(ms: number): Promise<void>;
}
