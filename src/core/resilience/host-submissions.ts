import type {
  CountResult,
  KnownRules,
  SubmissionGate,
  SubmissionLimit,
  SubmissionRefusal,
  Submitter,
} from '../../ports/submissions.ts';
import type { HostResilience } from './host-resilience.ts';
import { type RulesEntry, SubmissionRules, unlimited } from './submission-rules.ts';

export interface SubmissionOptions {
  /** The configured limits of this process. */
  readonly limits: readonly SubmissionLimit[];
  /** `--label`; null without one. */
  readonly label: string | null;
}

/** Whose submissions they are. All limits of a process come from one file. */
export function submitterOf({ limits, label }: SubmissionOptions): Submitter {
  const found = limits[0]?.found;
  return { label, ...(found !== undefined && { found }) };
}

/** The warning of a process that is bound by limits that it does not have itself. */
export const stricterWarning =
  'other processes have stricter limits of submissions: theirs apply too, until `captcha budget --reset`';

/**
 * The hold and the limits in the log of a host. Without any of them, nothing is written. It expects that the Retry-After gate
 * or the breaker of the host was asked just before, as the admission gate does.
 */
export class HostSubmissions implements SubmissionGate {
  readonly #limits: readonly SubmissionLimit[];
  readonly #who: Submitter;
  readonly #host: Pick<HostResilience, 'known' | 'look' | 'apply' | 'append'>;
  readonly #nowMs: () => number;
  readonly #warn: (message: string) => void;
  #hasCounted = false;

  constructor(
    options: SubmissionOptions,
    deps: { readonly host: HostResilience; readonly nowMs: () => number; readonly warn: (message: string) => void },
  ) {
    this.#limits = options.limits;
    this.#who = submitterOf(options);
    this.#host = deps.host;
    this.#nowMs = deps.nowMs;
    this.#warn = deps.warn;
  }

  check(): SubmissionRefusal | null {
    // The Retry-After gate was asked just now, so the state is up to date: no further read for every submission.
    const { rules, latestMs } = this.#host.known;
    return rules.isEmpty ? null : rules.refusal(this.#who, Math.max(latestMs, this.#nowMs()));
  }

  count(taskId: string): CountResult {
    const [limits, who] = [this.#limits, this.#who];
    // The breaker was asked just now, so the state is up to date.
    const { rules } = this.#host.known;
    if (limits.length === 0 && !rules.limits(who)) return unlimited;
    const isFirst = !this.#hasCounted;
    this.#hasCounted = true;
    const added: readonly RulesEntry[] = this.#mustAdd(isFirst) ? [{ type: 'limits', since: 2, limits }] : [];
    const result = this.#host.apply({ type: 'submit', since: 2, ...who, task: taskId }, added);
    if (isFirst && this.#host.known.rules.isStricterThan(limits, who)) this.#warn(stricterWarning);
    return result;
  }

  giveBack(atMs: number): void {
    this.#host.append([{ type: 'unsubmit', since: 2, ...this.#who, atMs }]);
  }

  known(): KnownRules {
    const { rules, latestMs } = this.#host.look();
    return rules.known(Math.max(latestMs, this.#nowMs()));
  }

  #mustAdd(isFirst: boolean): boolean {
    if (this.#limits.length === 0) return false;
    const { rules } = this.#host.known;
    // A process of an earlier version drops the limits. Limits of a found file are dropped when they are not used.
    if (rules.isForgotten) return true;
    return (isFirst || this.#who.found !== undefined) && !rules.covers(this.#limits);
  }
}

/** The limits of one process that shares nothing. */
export class ProcessSubmissions implements SubmissionGate {
  readonly #rules = new SubmissionRules();
  readonly #who: Submitter;
  readonly #nowMs: () => number;

  constructor(options: SubmissionOptions, { nowMs }: { readonly nowMs: () => number }) {
    this.#rules.replace(options.limits);
    this.#who = submitterOf(options);
    this.#nowMs = nowMs;
  }

  check(): SubmissionRefusal | null {
    return this.#rules.refusal(this.#who, this.#nowMs());
  }

  count(taskId: string): CountResult {
    const entry = { type: 'submit', since: 2, ...this.#who, task: taskId } as const;
    return this.#rules.apply(entry, this.#nowMs()) ?? unlimited;
  }

  giveBack(atMs: number): void {
    this.#rules.apply({ type: 'unsubmit', since: 2, ...this.#who, atMs }, this.#nowMs());
  }

  known(): KnownRules {
    return this.#rules.known(this.#nowMs());
  }
}
