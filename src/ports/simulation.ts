import type { Clock } from './system.ts';

/** From the shortest to the longest, uniform between, in ms. */
export type SpanMs = readonly [shortest: number, longest: number];

/** What became of a submission: taken, refused for want of room, or not served at all. */
export type ModelledReply = 'accepted' | 'busy' | 'failed';

/** Looks on while a modelled service is used. */
export interface ServiceWatch {
  /** As it arrives. */
  submission(reply: ModelledReply): void;
  poll(): void;
  /** A solution was handed out. */
  solved(): void;
}

/** A service with room for so much, which at times is not there. */
export interface ServiceModel {
  /** Submissions fail from `fromMs` until before `toMs`; solutions are handed out all the same. Null: never. */
  readonly outage: { readonly fromMs: number; readonly toMs: number } | null;
  readonly roundTripMs: SpanMs;
  /** From the acceptance until the solution is there. */
  readonly solveMs: SpanMs;
  /** Null: any number of submissions. */
  readonly capacity: ServiceCapacity | null;
}

export interface ServiceCapacity {
  /** Submissions per second; what is more is told that there is no room. */
  readonly perSecond: number;
  /** Above so many times of it the service collapses: it accepts half of what it could, and the rest fails. */
  readonly collapseRatio: number;
}

/** A service that becomes slower with every request in it. After M. Brooker, *Metastability and Distributed Systems*. */
export interface ThrashingModel {
  /** Time in the service of a request that is alone there. */
  readonly serviceMs: number;
  /** What every request that is in the service adds to it. */
  readonly contentionMs: number;
  /** One way, on average; exponentially distributed. */
  readonly networkMs: number;
  /** Clients wait no longer; the service goes on working for nobody. */
  readonly timeoutMs: number;
}

/** A clock whose time passes only when it is told to, and then without waiting. */
export interface VirtualTime extends Clock {
  /** Lets time pass until nobody sleeps. */
  run(): Promise<void>;
  /** Lets `ms` pass, waking whoever is due. */
  advance(ms: number): Promise<void>;
}
