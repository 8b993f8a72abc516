import { performance } from 'node:perf_hooks';
import { sandboxRegions } from '../domain/sandbox-regions.ts';
import type { Endpoint } from '../protocol/error-codes.ts';
import type { Quirk } from './quirks.ts';

/** A task as the sandbox accepted it; `params` are the wire parameters without the key. */
export interface AcceptedTask {
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
}

/** Faults a random share of requests. `mode` as in `readFaultMode`. */
export interface RandomFault {
  readonly mode: string | number;
  /** 0..1. The shares of several faults add up. */
  readonly share: number;
}

/** Faults every request in a time range, in ms since the start; `toMs` is excluded. */
export interface Outage {
  readonly mode: string | number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A scripted outage of one simulated region, in ms since the start; `toMs` is excluded. */
export interface RegionOutage {
  readonly region: string;
  readonly status: 'down' | 'slow';
  readonly fromMs: number;
  readonly toMs: number;
}

/** Faults selected requests. Scripted faults are consumed in order, among those for the request's endpoint. */
export interface ScriptedFault {
  readonly mode: string | number;
  /** Both endpoints if absent and without a prefix in the mode. */
  readonly endpoint?: Endpoint;
  /** Number of faulted requests; default 1. */
  readonly times?: number;
  /** Requests that pass before the first faulted one, counted from when this fault is next; default 0. */
  readonly afterRequests?: number;
  /** The `Retry-After` header of an HTTP status fault. */
  readonly retryAfter?: string;
}

/** Options of the sandbox; the defaults are in `sandboxDefaults`. */
export interface SandboxOptions {
  /** 0 selects a free port. */
  readonly port?: number;
  /** Minimum and maximum solve time in ms; uniform in between. */
  readonly latencyMs?: readonly [min: number, max: number];
  readonly faults?: readonly RandomFault[];
  readonly outages?: readonly Outage[];
  /** How many tasks may be in work at once. */
  readonly threads?: number;
  readonly regions?: readonly string[];
  readonly regionOutages?: readonly RegionOutage[];
  /** The only valid key; null accepts every key. */
  readonly key?: string | null;
  readonly quirks?: readonly Quirk[];
  /** The `Retry-After` header of random faults and outages with HTTP 429 and 503; null for none. */
  readonly retryAfter?: string | null;
  /** False leaves out `/solve.php`. */
  readonly solvePhp?: boolean;
  /** The Content-Type of both endpoints; CaptchaAI sends JSON as HTML. */
  readonly contentType?: string;
  /** Retention time of a finished task, in ms. */
  readonly resultKeptMs?: number;
  /**
   * In the account's currency; 0 refuses submissions. Solving costs nothing: threads are sold, not solves. A text is
   * answered as written.
   */
  readonly balance?: number | string;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  /** Monotonic, in ms from an arbitrary start. */
  readonly clock?: { nowMs(): number };
  /** The payload of a task's solution; null makes it unsolvable, undefined leaves it to the sandbox. */
  readonly answer?: (task: AcceptedTask) => string | null | undefined;
}

export type SandboxSettings = Required<SandboxOptions>;

export const sandboxDefaults: SandboxSettings = {
  port: 0,
  latencyMs: [50, 150],
  faults: [],
  outages: [],
  threads: 100,
  regions: sandboxRegions,
  regionOutages: [],
  key: null,
  quirks: [],
  retryAfter: null,
  solvePhp: true,
  contentType: 'text/html; charset=UTF-8',
  resultKeptMs: 900_000,
  balance: 100,
  random: Math.random,
  clock: { nowMs: () => performance.now() },
  answer: () => undefined,
};
