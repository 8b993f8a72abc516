import type { Awaitable } from './system.ts';

/** At most `count` submissions in any time of `windowMs`, first attempts included. */
export interface SubmissionLimit {
  /** Whose submissions count; null for all. */
  readonly label: string | null;
  /** From 1. */
  readonly count: number;
  readonly windowMs: number;
  /** The config file that set it; left out if unknown. */
  readonly from?: string;
  /**
   * Limits of a config file that the search found concern only processes whose file has the same ones: a digest of them.
   * Left out for a limit that concerns all processes.
   */
  readonly found?: string;
}

/** Whose submissions they are, as far as limits tell them apart. */
export interface Submitter {
  /** `--label`; null without one. */
  readonly label: string | null;
  /** As in its limits. */
  readonly found?: string;
}

/** A limit and the submissions that count against it now. */
export interface LimitUse extends SubmissionLimit {
  readonly used: number;
  /** Time until one more submission is allowed, in ms; 0 for now. */
  readonly roomInMs: number;
}

/** A person has stopped all submissions. */
export interface Hold {
  /** The person and the machine. */
  readonly by: string;
  /** Empty if no reason was given. */
  readonly why: string;
  /** How long it has lasted, in ms. */
  readonly heldMs: number;
  /** Time until it ends by itself, in ms; null if it does not. */
  readonly leftMs: number | null;
  /** Set if the hosts of the fleet could not be told: it stops the processes of this host alone. */
  readonly onlyHere?: true;
}

/** Why nothing may be submitted now. `retryInMs`: time until it may be, in ms; null if unknown. */
export type SubmissionRefusal =
  | { readonly reason: 'held'; readonly hold: Hold; readonly retryInMs: number | null }
  | { readonly reason: 'limit-reached'; readonly limit: SubmissionLimit; readonly retryInMs: number }
  /** The submissions of the fleet cannot be counted, so none is sent. */
  | { readonly reason: 'uncounted'; readonly why: string; readonly retryInMs: number };

/** A counted submission. `atMs` names the moment of the count, for `giveBack`; null if nothing is limited. */
export type CountResult =
  | { readonly counted: true; readonly atMs: number | null }
  | { readonly counted: false; readonly refusal: SubmissionRefusal };

/** The hold and the limits at one moment. */
export interface KnownRules {
  readonly hold: Hold | null;
  /** Null if they are not known. */
  readonly limits: readonly LimitUse[] | null;
}

/** The hold and the limits of all processes that share them. They apply to every submission, first attempts included. */
export interface SubmissionGate {
  /** Why nothing may be submitted now; null if nothing is known against it. Counts nothing. */
  check(): Awaitable<SubmissionRefusal | null>;
  /** Counts a submission that is about to be sent, or refuses it. */
  count(taskId: string): Awaitable<CountResult>;
  /** Takes back the count of a submission that the service refused because no thread was free. */
  giveBack(atMs: number): Awaitable<void>;
  /** What is known now, for metrics; null if it is not known. Never waits. */
  known(): KnownRules | null;
}

/** The hold and the limits of a fleet, on the clock of the fleet. Every method throws `RemoteUnavailableError`. */
export interface FleetSubmissions {
  /** Changes nothing. */
  look(): Promise<KnownRules>;
  /**
   * `limits`: those of the caller; the lower one of two limits of the same kind applies. `ticket`: names this request, so that it
   * is counted once although it is sent again within a minute because its answer was lost.
   */
  count(limits: readonly SubmissionLimit[], who: Submitter, ticket?: string): Promise<CountResult>;
  giveBack(who: Submitter, atMs: number): Promise<void>;
  hold(hold: { readonly by: string; readonly why: string; readonly forMs: number | null }): Promise<void>;
  /** False if nothing was held. */
  release(): Promise<boolean>;
  /** Replaces the limits. What was submitted still counts. */
  replaceLimits(limits: readonly SubmissionLimit[]): Promise<void>;
  close(): void;
}
