/** What a Redis says about itself. Null is what it does not tell, which hosted ones may not. */
export interface RedisCondition {
  readonly version: string | null;
  /** `maxmemory-policy`: what it does when it is full. */
  readonly evictionPolicy: string | null;
  /** Whether every write goes to a log on its disk. */
  readonly isAppendOnly: boolean | null;
  /** The workers that are connected, each to the tasks of its region. */
  readonly workers: readonly ConnectedWorker[] | null;
}

export interface ConnectedWorker {
  readonly region: string;
  /** For how long it has been connected, in ms. */
  readonly ageMs: number;
}
