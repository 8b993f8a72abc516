import { performance } from 'node:perf_hooks';
import type { Endpoint } from '../protocol/error-codes.ts';

/** A task as the sandbox took it in; `params` are the wire parameters without the key. */
export interface AcceptedTask {
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
}

/** Strikes a random share of requests. `mode` as `readFaultMode` takes it. */
export interface RandomFault {
  readonly mode: string | number;
  /** 0..1. Shares of several faults add up. */
  readonly share: number;
}

/** Strikes every request from one moment to another, in ms since the start; `toMs` is no longer part of it. */
export interface Outage {
  readonly mode: string | number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Strikes chosen requests. Scripted faults are consumed in order, among those that fit the request's endpoint. */
export interface ScriptedFault {
  readonly mode: string | number;
  /** Both endpoints where absent and the mode has no prefix. */
  readonly endpoint?: Endpoint;
  /** How many requests are struck; 1 by default. */
  readonly times?: number;
  /** How many requests pass before the first is struck, counted from when this fault is next; 0 by default. */
  readonly afterRequests?: number;
  /** The `Retry-After` header of an HTTP status fault. */
  readonly retryAfter?: string;
}

/** What the sandbox can be told; `sandboxDefaults` says what holds otherwise. */
export interface SandboxOptions {
  /** 0 takes any free one. */
  readonly port?: number;
  /** The shortest and longest time that solving takes, in ms; uniform in between. */
  readonly latencyMs?: readonly [min: number, max: number];
  readonly faults?: readonly RandomFault[];
  readonly outages?: readonly Outage[];
  /** How many tasks may be in work at once. */
  readonly threads?: number;
  readonly regions?: readonly string[];
  /** The one key that is right; null takes every key. */
  readonly key?: string | null;
  /** How JSON spells ids; null as in production: numbers for `userrecaptcha`, strings for the rest. */
  readonly idType?: 'number' | 'string' | null;
  /** The answer to a submission when no thread is free: CaptchaAI's blog says one, its reference the other. */
  readonly threadsFullCode?: 'ERROR_NO_SLOT_AVAILABLE' | 'ERROR_ZERO_BALANCE';
  /** Methods that are refused although they have a row in the protocol's table. */
  readonly unsupportedMethods?: readonly string[];
  /** How a `get` for several ids is answered. */
  readonly manyIds?: ManyIds;
  /** Enforces the block rules that 2captcha documents. */
  readonly abuseRules?: boolean;
  /** The Content-Type of both endpoints: CaptchaAI sends JSON as HTML. */
  readonly contentType?: string;
  /** How long a finished task is remembered, in ms. */
  readonly resultKeptMs?: number;
  /** In the account's currency; 0 refuses submissions. Solving costs nothing: threads are sold, not solves. */
  readonly balance?: number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  /** Monotonic, in ms from an arbitrary start. */
  readonly clock?: { nowMs(): number };
  /** The payload of a task's solution; null makes it unsolvable, undefined leaves it to the sandbox. */
  readonly answer?: (task: AcceptedTask) => string | null | undefined;
}

/** A service that answers in the order of the ids, or one that knows no `ids`, or answers wrongly: see `answerMany`. */
export type ManyIds = 'answered' | 'unknown' | 'short' | 'sorted' | 'adorned';

export type SandboxSettings = Required<SandboxOptions>;

export const sandboxDefaults: SandboxSettings = {
  port: 0,
  latencyMs: [50, 150],
  faults: [],
  outages: [],
  threads: 100,
  regions: ['us-east-1', 'eu-west-1', 'ap-southeast-1'],
  key: null,
  idType: null,
  threadsFullCode: 'ERROR_NO_SLOT_AVAILABLE',
  unsupportedMethods: ['hcaptcha'],
  manyIds: 'answered',
  abuseRules: false,
  contentType: 'text/html; charset=UTF-8',
  resultKeptMs: 900_000,
  balance: 100,
  random: Math.random,
  clock: { nowMs: () => performance.now() },
  answer: () => undefined,
};
