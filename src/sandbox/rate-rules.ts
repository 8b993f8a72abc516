interface Clock {
  nowMs(): number;
}

/** Detects `limit` events within `windowMs`. */
class Rate {
  readonly #times: number[] = [];
  readonly #limit: number;
  readonly #windowMs: number;

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  record(nowMs: number): boolean {
    this.#times.push(nowMs);
    while ((this.#times[0] ?? nowMs) <= nowMs - this.#windowMs) this.#times.shift();
    return this.#times.length >= this.#limit;
  }
}

const minuteMs = 60_000;
/** Free polls, plus twenty per submission. */
const pollQuota = { base: 1_200, perSubmission: 20 };

/**
 * The block rules that 2captcha documents: submissions per second, refusals per minute, wrong keys, polls per
 * submission. During a block every request gets the same code.
 */
export class RateRules {
  readonly #clock: Clock;
  readonly #submissions = new Rate(61, 3_000);
  readonly #refusals: Readonly<Record<string, { rate: Rate; code: string; blockMs: number }>> = {
    ERROR_NO_SLOT_AVAILABLE: { rate: new Rate(120, minuteMs), code: 'ERROR: 1001', blockMs: 10 * minuteMs },
    ERROR_ZERO_BALANCE: { rate: new Rate(120, minuteMs), code: 'ERROR: 1002', blockMs: 5 * minuteMs },
  };
  readonly #wrongKeys = new Rate(5, 10 * minuteMs);
  #ban = { code: 'IP_BANNED', untilMs: -Infinity };
  #submitBlock = { code: '', untilMs: -Infinity };
  #pollBlock = { code: 'ERROR: 1005', untilMs: -Infinity };
  #submissionCount = 0;
  #pollCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The code for all requests of a banned address; null if it is not banned. */
  banRefusal(): string | null {
    return this.#refusalOf(this.#ban);
  }

  recordWrongKey(): void {
    const nowMs = this.#clock.nowMs();
    if (this.#wrongKeys.record(nowMs)) this.#ban.untilMs = nowMs + 10 * minuteMs;
  }

  /** Counts a submission and returns the code that refuses it, or null. */
  submitRefusal(): string | null {
    const nowMs = this.#clock.nowMs();
    this.#submissionCount += 1;
    const isTooFast = this.#submissions.record(nowMs);
    const refusal = this.#refusalOf(this.#submitBlock);
    if (refusal !== null || !isTooFast) return refusal;
    this.#submitBlock = { code: 'MAX_USER_TURN', untilMs: nowMs + 10_000 };
    return this.#submitBlock.code;
  }

  /** Counts a refusal because of missing threads or balance. */
  recordRefusal(code: string): void {
    const nowMs = this.#clock.nowMs();
    const rule = this.#refusals[code];
    if (rule?.rate.record(nowMs)) this.#submitBlock = { code: rule.code, untilMs: nowMs + rule.blockMs };
  }

  /** Counts a request to `res.php`, balance included, and returns the code that refuses it, or null. */
  pollRefusal(): string | null {
    const nowMs = this.#clock.nowMs();
    this.#pollCount += 1;
    const quota = pollQuota.base + pollQuota.perSubmission * this.#submissionCount;
    if (this.#pollCount > quota && this.#refusalOf(this.#pollBlock) === null) {
      this.#pollBlock.untilMs = nowMs + 5 * minuteMs;
    }
    return this.#refusalOf(this.#pollBlock);
  }

  #refusalOf({ code, untilMs }: { code: string; untilMs: number }): string | null {
    return this.#clock.nowMs() < untilMs ? code : null;
  }
}
