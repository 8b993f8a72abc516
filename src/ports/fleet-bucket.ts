/** The retry budget of a fleet, as whoever came first has set it: the keys `budget.*` that describe a bucket. */
export interface FleetBudgetOptions {
  readonly ratio: number | null;
  readonly minRetriesPerSecond: number;
  readonly maxRetriesPerSecond: number;
  readonly burst: number;
}

/** All that a process has to say to the fleet at one moment. */
export interface FleetTalk {
  /** Hold where nobody else's do. */
  readonly options: FleetBudgetOptions;
  /** Submissions accepted since the last talk, which fund retries. */
  readonly accepted: number;
  /** Retries that were refused without asking, since the last talk. */
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

/** What the fleet answers to a talk. */
export interface FleetAnswer extends FleetFacts {
  /** One for every ask, in their order. */
  readonly withdrawals: readonly FleetWithdrawal[];
  /** Names the bucket: a later one of the same place has another name. */
  readonly epoch: string;
  /** A lost bucket was replaced, and grants nothing for so long, until all have told what they hold of the old one. */
  readonly settlingMs: number;
  /** Tokens given on lease. */
  readonly surplus: number;
}

/** One bucket of retry tokens for all hosts of a fleet, on a clock of its own. Every method throws `FleetAway`. */
export interface FleetBucket {
  /** Says and asks everything in one piece, and answers in bounded time. What was not answered may have been heard. */
  talk(talk: FleetTalk): Promise<FleetAnswer>;
  /** Where it stands; changes nothing. */
  look(options: FleetBudgetOptions): Promise<FleetFacts>;
  /** Begins anew, full, with these options. */
  reset(options: FleetBudgetOptions): Promise<void>;
  close(): void;
}
