import type { Awaitable } from './system.ts';

/** The right to make one submission, bound to the state the breaker was in when it was given. */
export interface Permit {
  readonly epoch: number;
  /** True for the one submission that tests whether the service is back. */
  readonly probe: boolean;
  /** Names a submission on whose answer others wait, while the service is not known to be there. */
  readonly ticket?: number;
}

export type AcquireResult =
  | { readonly admitted: true; readonly pass: Permit }
  /**
   * `retryInMs`: until it is worth asking again. `soon`: nothing is known against the service; the answers to a few
   * submissions are awaited before more are let through, so that even a task that would rather fail asks again.
   */
  | { readonly admitted: false; readonly retryInMs: number; readonly soon?: true };

/**
 * What a submission said about the service's availability: `success` any coherent answer, `failure` unavailable,
 * `busy` reachable but full, `abandoned` nothing was learnt.
 */
export type CallResult = 'success' | 'failure' | 'busy' | 'abandoned';

/** Stops submissions, first attempts included, to a service that is known to be unavailable. */
export interface Breaker {
  tryAcquire(): Awaitable<AcquireResult>;
  /** Must be called exactly once for every permit. A permit of an older epoch changes nothing. */
  record(pass: Permit, result: CallResult): Awaitable<void>;
}

export interface WithdrawRequest {
  /** `wait` reserves a token that will be free later; `fail` takes one that is free now, or none. */
  readonly onExhausted: 'fail' | 'wait';
  /** A reservation further off than this, in ms, is refused. */
  readonly maxWaitMs: number;
  /** Who spends, for the audit. */
  readonly taskId: string;
}

export type Withdrawal =
  /** The token is the caller's, to be used no sooner than after `waitMs`. */
  | { readonly granted: true; readonly waitMs: number; readonly balance: number }
  /** Nothing was taken. `retryInMs`: until a token would be free; null where none ever will by time alone. */
  | { readonly granted: false; readonly retryInMs: number | null };

/** What all tasks together may retry. Every submission after the first of a task withdraws one token, before its backoff. */
export interface RetryBudget {
  /** Records an accepted submission, which funds later retries. */
  deposit(): Awaitable<void>;
  /** Takes one token, or says when to come back. There are no refunds. */
  tryWithdraw(request: WithdrawRequest): Awaitable<Withdrawal>;
}

/** What the service asked of everybody with `Retry-After`: to be left alone for a while. */
export interface RetryAfterGate {
  /** Records that the service, just now, asked to be left alone for so long. */
  extend(ms: number): Awaitable<void>;
  /** For how much longer it is to be left alone, in ms; 0 where it may be asked. */
  leftMs(): Awaitable<number>;
}

/** The retry budget of a fleet, as whoever came first has set it: the keys `budget.*` that describe a bucket. */
export interface FleetBudgetOptions {
  readonly ratio: number | null;
  readonly minRetriesPerSecond: number;
  readonly maxRetriesPerSecond: number;
  readonly burst: number;
}

/** All that a process has to say to the fleet at one moment. */
export interface SyncOptions {
  /** Hold where nobody else's do. */
  readonly options: FleetBudgetOptions;
  /** Submissions accepted since the last sync, which fund retries. */
  readonly accepted: number;
  /** Retries that were refused without asking, since the last sync. */
  readonly refused: number;
  /** The service asked to be left alone for so long; 0 where it did not. */
  readonly quietMs: number;
  /** Everybody who asks for a token, by the longest that they can wait, in ms: 0 now, Infinity for ever. */
  readonly asks: readonly number[];
  /** So many tokens more are wanted on lease, where they are there. */
  readonly surplus: number;
  /** From the receipt of the talk on, at the place of the fleet: then leased tokens are void. */
  readonly leaseMs: number;
  /** The bucket that the fleet must still have, as this host knows it; empty where it knows of none. Another one has replaced a lost one. */
  readonly epoch: string;
  /** For so long tokens may still be used that this host was granted for later; 0 where there are none. */
  readonly promisedMs: number;
}

/** What came of one ask. `waitMs`: granted, when the token is to be used; refused, when to ask again; Infinity never. */
export interface FleetWithdrawal {
  readonly granted: boolean;
  readonly waitMs: number;
}

/** Where the budget of a fleet stands. */
export interface FleetFacts {
  readonly options: FleetBudgetOptions;
  /** Tokens that are there now; below 0 while reservations are outstanding. */
  readonly balance: number;
  /** Until a token is free by time alone: 0 now, Infinity never. */
  readonly nextTokenInMs: number;
  /** Tokens that hosts hold on lease. */
  readonly leased: number;
  /** For so long the service is to be left alone. */
  readonly quietMs: number;
  readonly accepted: number;
  readonly granted: number;
  readonly refused: number;
}

/** What the fleet answers to a sync. */
export interface SyncReply extends FleetFacts {
  /** One for every ask, in their order. */
  readonly withdrawals: readonly FleetWithdrawal[];
  /** Names the bucket: a later one of the same place has another name. */
  readonly epoch: string;
  /** A lost bucket was replaced, and grants nothing for so long, until all have told what they hold of the old one. */
  readonly settlingMs: number;
  /** Tokens given on lease. */
  readonly surplus: number;
}

/** One bucket of retry tokens for all hosts of a fleet, on a clock of its own. Every method throws `RemoteUnavailableError`. */
export interface FleetBucket {
  /** Says and asks everything in one piece, and answers in bounded time. What was not answered may have been heard. */
  sync(sync: SyncOptions): Promise<SyncReply>;
  /** Where it stands; changes nothing. */
  look(options: FleetBudgetOptions): Promise<FleetFacts>;
  /** Begins anew, full, with these options. */
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

/** One entry as it stands in a log. */
export interface Logged<Entry> {
  readonly entry: Entry;
  /** When it was written, on the clock of the log. */
  readonly atMs: number;
  /** Who wrote it. */
  readonly by: string;
}

/** What follows from the entries of a log and from nothing else: whoever has applied the same ones is in the same state. */
export interface LogState<Entry, Answer> {
  /** What the entry led to. Must depend on nothing but the entries so far. */
  apply(logged: Logged<Entry>): Answer;
  /** All that there is to know, as plain JSON. */
  snapshot(): object;
  restore(snapshot: object): void;
}

/** A log that several processes write and read, all in the same order. Every method throws `StateLogError` where it is lost. */
export interface SharedLog<Entry, Answer> {
  /** Applies what others have appended since. */
  catchUp(): void;
  /** Appends the entries in one piece, applies everything up to them, and answers what each of them led to. */
  append(entries: readonly Entry[]): readonly Answer[];
  /** Whether this writer cannot act any more, or stands still: nobody need wait for it. */
  isProcessDead(writer: string): boolean;
  close(): void;
}

/** What is true of a folder in which files are kept between runs. */
export interface StateFolderFacts {
  readonly path: string;
  /** What names it: a variable, or `default`. */
  readonly from: string;
  /** False where it had to be made for the look, and was taken away again. */
  readonly existed: boolean;
  /** Why no file could be written and removed there, such as `EACCES: permission denied`; null where one could. */
  readonly problem: { readonly code: string; readonly message: string } | null;
  /** The permission bits; null where the folder is not there. */
  readonly mode: number | null;
  readonly isOwn: boolean;
  /** The file system's type, such as `ext4`; null where the system does not tell. */
  readonly fileSystem: string | null;
  readonly isNetwork: boolean;
  /** What this user may still write; null where the system does not tell. */
  readonly freeBytes: number | null;
  /** How many files may still be made; null where that is not limited or not told. */
  readonly freeInodes: number | null;
}
