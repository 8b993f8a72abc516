export interface Threads {
  /** How many tasks the account may have in work at once. */
  readonly threads: number;
  readonly workingThreads: number;
}

/** What the service says about the account, and what it is told about solutions. Throws `ProviderFault`. */
export interface AccountApi {
  /** In the account's currency. */
  balance(): Promise<number>;
  threads(): Promise<Threads>;
  report(captchaId: string, verdict: 'good' | 'bad'): Promise<void>;
}
