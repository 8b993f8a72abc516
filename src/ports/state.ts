import type { RegionStatus } from '../domain/region.ts';
import type { UsageRecord } from '../domain/usage.ts';
import type { Awaitable } from './system.ts';

/** Permission for one submission, bound to the state of the breaker at that time. */
export interface Permit {
  readonly epoch: number;
  /** True for the one submission that tests whether the service is back. */
  readonly probe: boolean;
  /** Identifies a submission whose answer others wait for, while the service is unproven. */
  readonly ticket?: number;
}

export type AcquireResult =
  | { readonly admitted: true; readonly permit: Permit }
  /**
   * `retryInMs`: time until a new request may succeed. `soon`: the service has not failed; the breaker waits for a few
   * answers before it admits more, so that even a task that does not wait asks again.
   */
  | { readonly admitted: false; readonly retryInMs: number; readonly soon?: true };

/**
 * What a submission says about the service's availability: `success` any coherent answer, `failure` unavailable, `busy`
 * reachable but full, `abandoned` nothing.
 */
export type CallResult = 'success' | 'failure' | 'busy' | 'abandoned';

/** Why a breaker refuses. */
export interface Outage {
  /** How long ago the breaker first opened, in ms. */
  readonly openForMs: number;
  /** Failures without a success in between. */
  readonly failuresInARow: number;
}

/** Stops submissions, first attempts included, to an unavailable service. */
export interface Breaker {
  tryAcquire(): Awaitable<AcquireResult>;
  /** Must be called exactly once per permit. A permit of an older epoch has no effect. */
  record(permit: Permit, result: CallResult): Awaitable<void>;
  /** The outage that keeps the breaker open; null while it is closed. Left out if unknown. */
  outage?(): Outage | null;
}

export interface WithdrawRequest {
  /** `wait` reserves a token that becomes free later; `fail` takes one that is free now, or none. */
  readonly onExhausted: 'fail' | 'wait';
  /** Longer waits for a reservation are refused, in ms. */
  readonly maxWaitMs: number;
  /** The spending task, for the audit. */
  readonly taskId: string;
  /** What the retry is for: a code of the service, or a kind of fault. Left out if unknown. */
  readonly fault?: string;
}

export type Withdrawal =
  /** The token may be used after `waitMs`. */
  | { readonly granted: true; readonly waitMs: number; readonly balance: number }
  /** No token was taken. `retryInMs`: time until one is free; null if none ever is by time alone. */
  | { readonly granted: false; readonly retryInMs: number | null };

/** The use of a retry budget so far. */
export interface BudgetUsage {
  readonly scope: 'process' | 'host';
  readonly granted: number;
  readonly refused: number;
}

/**
 * The retry budget of all tasks together. Every submission of a task after its first withdraws one token, before its
 * backoff.
 */
export interface RetryBudget {
  /** Records an accepted submission, which funds later retries. */
  deposit(): Awaitable<void>;
  /** Takes one token, or says when to ask again. There are no refunds. */
  tryWithdraw(request: WithdrawRequest): Awaitable<Withdrawal>;
  /** Tokens granted and refused so far. Left out if unknown. */
  usage?(): BudgetUsage;
}

/** The pause that the service asked for with `Retry-After`; it applies to all tasks. */
export interface RetryAfterGate {
  /** Records a pause of `ms` from now. */
  extend(ms: number): Awaitable<void>;
  /** Remaining time of the pause, in ms; 0 if there is none. */
  leftMs(): Awaitable<number>;
}

/** The turns of tasks that wait for a free thread of the account: together they ask at a steady pace. */
export interface ThreadTurns {
  /** Takes the next turn: how long to wait before the next submission, in ms. `isRefused`: all threads were busy just now. */
  takeTurn(request: { readonly isRefused: boolean }): Awaitable<number>;
  /** True if others wait for their turns, so that a new task lines up behind them. */
  areTaken(): Awaitable<boolean>;
}

/** The options of a fleet's retry budget, set by the first host: the keys `budget.*` that describe a bucket. */
export interface FleetBudgetOptions {
  readonly ratio: number | null;
  readonly minRetriesPerSecond: number;
  readonly maxRetriesPerSecond: number;
  readonly burst: number;
}

/** Everything that a process sends to the fleet in one request. */
export interface SyncOptions {
  /** Apply only if the fleet has no options yet. */
  readonly options: FleetBudgetOptions;
  /** Submissions accepted since the last sync, which fund retries. */
  readonly accepted: number;
  /** Retries refused locally since the last sync. */
  readonly refused: number;
  /** The pause that the service asked for, in ms; 0 for none. */
  readonly quietMs: number;
  /** One entry per requested token: its maximum wait, in ms; 0 for now, Infinity for no limit. */
  readonly asks: readonly number[];
  /** Further tokens to lease, if available. */
  readonly surplus: number;
  /** Lifetime of leased tokens, in ms from the receipt of the request. */
  readonly leaseMs: number;
  /**
   * The bucket that the fleet must still have, as far as this host knows; empty if it knows none. Another bucket has
   * replaced a lost one.
   */
  readonly epoch: string;
  /** How long this host may still use tokens that were granted for later, in ms; 0 if there are none. */
  readonly promisedMs: number;
}

/**
 * The answer to one token request. `waitMs`: if granted, when to use the token; if refused, when to ask again, Infinity
 * for never.
 */
export interface FleetWithdrawal {
  readonly granted: boolean;
  readonly waitMs: number;
}

/** The state of a fleet's budget. */
export interface FleetFacts {
  readonly options: FleetBudgetOptions;
  /** Tokens available now; below 0 while reservations are outstanding. */
  readonly balance: number;
  /** Time until a token is free by time alone, in ms: 0 for now, Infinity for never. */
  readonly nextTokenInMs: number;
  /** Tokens that hosts hold on lease. */
  readonly leased: number;
  /** Remaining pause that the service asked for, in ms. */
  readonly quietMs: number;
  readonly accepted: number;
  readonly granted: number;
  readonly refused: number;
}

/** The fleet's answer to a sync. */
export interface SyncReply extends FleetFacts {
  /** One per token request, in order. */
  readonly withdrawals: readonly FleetWithdrawal[];
  /** The bucket's name; a bucket that replaces it has another name. */
  readonly epoch: string;
  /**
   * After a lost bucket was replaced: time in ms in which no token is granted, until all hosts have reported their
   * tokens of the old one.
   */
  readonly settlingMs: number;
  /** Leased tokens. */
  readonly surplus: number;
}

/** The bucket of retry tokens of a fleet, on its own clock. Every method throws `RemoteUnavailableError`. */
export interface FleetBucket {
  /** One atomic request with an answer in bounded time. A request without an answer may have been applied. */
  sync(sync: SyncOptions): Promise<SyncReply>;
  /** The current state; changes nothing. */
  look(options: FleetBudgetOptions): Promise<FleetFacts>;
  /** Replaces the bucket by a full one with these options. */
  reset(options: FleetBudgetOptions): Promise<void>;
  close(): void;
}

/**
 * When a task was solved, as far as its polls tell: it was not ready at `notReadyMs`, and ready at `readyMs`. Ages in ms
 * since the submission; `notReadyMs` is 0 where no earlier poll was answered.
 */
export interface SolveTime {
  readonly notReadyMs: number;
  readonly readyMs: number;
}

/** A solve time of a method. */
export interface LoggedSolveTime {
  readonly method: string;
  readonly time: SolveTime;
}

/** The solve times of one service that several processes write and read. Nothing throws: what is lost is only not learnt. */
export interface SolveTimeLog {
  /** Of each method the latest ones, in the order in which they came. */
  read(): readonly LoggedSolveTime[];
  append(times: readonly LoggedSolveTime[]): void;
}

/** The status of a region at the latest look. Times on the wall clock, in epoch ms. */
export interface SeenStatus {
  readonly status: RegionStatus;
  readonly since: number;
  readonly seenAt: number;
}

/** What earlier commands of this user saw of regions, by the URL of the health endpoint. Nothing throws. */
export interface StatusHistory {
  read(urls: readonly string[]): ReadonlyMap<string, SeenStatus>;
  /** Adds to what is kept; what is lost is only not known later. */
  write(seen: ReadonlyMap<string, SeenStatus>): void;
}

/** What the processes of an account counted of its use, by hour. Nothing throws: what cannot be stored is not counted. */
export interface UsageLog {
  /** Adds to what is stored. Counts and times add up exactly over all processes. */
  append(records: readonly UsageRecord[]): Awaitable<void>;
  /** Everything from this hour on (hours since 1970, UTC). Records of the same hour are to be added. */
  read(sinceHour: number): Awaitable<readonly UsageRecord[]>;
}

/** Whether a service has `/solve.php`, which answers an image's submission with its solution. */
export interface SolveEndpoint {
  /** True if a submission may be sent there. */
  isKnown(): boolean;
  /** Records what an answer showed. */
  record(exists: boolean): void;
}

/** The process that writes an entry, for the audit. */
export interface LogWriter {
  /** The command, such as `batch`. */
  readonly command: string;
  /** `--label`; left out without one. */
  readonly label?: string;
}

/** An entry as stored in a log. */
export interface Logged<Entry> {
  readonly entry: Entry;
  /** Time of writing, on the clock of the log. */
  readonly atMs: number;
  /** The writer. */
  readonly by: string;
  /** Left out by earlier versions. */
  readonly writer?: LogWriter;
}

/** State computed only from a log's entries: processes that have applied the same entries are in the same state. */
export interface LogState<Entry, Answer> {
  /** The answer to the entry. Must depend only on the entries so far. */
  apply(logged: Logged<Entry>): Answer;
  /** The complete state, as plain JSON. */
  snapshot(): object;
  restore(snapshot: object): void;
}

/** A log that several processes write and read in the same order. Every method throws `StateLogError` if it is lost. */
export interface SharedLog<Entry, Answer> {
  /** Applies the entries that others have appended. */
  catchUp(): void;
  /** Appends the entries atomically, applies all entries up to them, and returns their answers. */
  append(entries: readonly Entry[]): readonly Answer[];
  /** True if this writer has ended or is stopped, so that others need not wait for it. */
  isProcessDead(writer: string): boolean;
  close(): void;
}

/** Facts about a folder with files that are kept between runs. */
export interface StateFolderFacts {
  readonly path: string;
  /** The source of the path: a variable, or `default`. */
  readonly from: string;
  /** False if it was created for the check, and removed afterwards. */
  readonly existed: boolean;
  /** Why no file could be written and removed, such as `EACCES: permission denied`; null if it worked. */
  readonly problem: { readonly code: string; readonly message: string } | null;
  /** Permission bits; null if the folder does not exist. */
  readonly mode: number | null;
  readonly isOwn: boolean;
  /** Type of the file system, such as `ext4`; null if unknown. */
  readonly fileSystem: string | null;
  readonly isNetwork: boolean;
  /** Space that this user may use; null if unknown. */
  readonly freeBytes: number | null;
  /** Number of files that can be created; null if unlimited or unknown. */
  readonly freeInodes: number | null;
}
