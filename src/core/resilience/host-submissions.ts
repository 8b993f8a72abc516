import type {
  CountResult,
  KnownRules,
  SubmissionGate,
  SubmissionLimit,
  SubmissionRefusal,
} from '../../ports/submissions.ts';
import type { HostResilience } from './host-resilience.ts';
import { type RulesEntry, SubmissionRules, unlimited } from './submission-rules.ts';

export interface SubmissionOptions {
  /** The configured limits of this process. */
  readonly limits: readonly SubmissionLimit[];
  /** `--label`; null without one. */
  readonly label: string | null;
}

/** The warning of a process that is bound by limits that it does not have itself. */
export const stricterWarning =
  'other processes have stricter limits of submissions: theirs apply too, until `captcha budget --reset`';

/**
 * The hold and the limits in the log of a host. Without any of them, nothing is written. It expects that the Retry-After gate
 * or the breaker of the host was asked just before, as the admission gate does.
 */
export class HostSubmissions implements SubmissionGate {
  readonly #options: SubmissionOptions;
  readonly #host: Pick<HostResilience, 'known' | 'look' | 'apply' | 'append'>;
  readonly #nowMs: () => number;
  readonly #warn: (message: string) => void;
  #hasCounted = false;

  constructor(
    options: SubmissionOptions,
    deps: { readonly host: HostResilience; readonly nowMs: () => number; readonly warn: (message: string) => void },
  ) {
    this.#options = options;
    this.#host = deps.host;
    this.#nowMs = deps.nowMs;
    this.#warn = deps.warn;
  }

  check(): SubmissionRefusal | null {
    // The Retry-After gate was asked just now, so the state is up to date: no further read for every submission.
    const { rules, latestMs } = this.#host.known;
    return rules.isEmpty ? null : rules.refusal(this.#options.label, Math.max(latestMs, this.#nowMs()));
  }

  count(taskId: string): CountResult {
    const { limits, label } = this.#options;
    // The breaker was asked just now, so the state is up to date.
    const { rules } = this.#host.known;
    if (limits.length === 0 && !rules.hasLimits) return unlimited;
    const isFirst = !this.#hasCounted;
    this.#hasCounted = true;
    // A process of an earlier version drops the limits.
    const mustAdd = limits.length > 0 && ((isFirst && !rules.covers(limits)) || rules.isForgotten);
    const added: readonly RulesEntry[] = mustAdd ? [{ type: 'limits', since: 2, limits }] : [];
    const result = this.#host.apply({ type: 'submit', since: 2, label, task: taskId }, added);
    if (isFirst && this.#host.known.rules.isStricterThan(limits, label)) this.#warn(stricterWarning);
    return result;
  }

  giveBack(atMs: number): void {
    this.#host.append([{ type: 'unsubmit', since: 2, label: this.#options.label, atMs }]);
  }

  known(): KnownRules {
    const { rules, latestMs } = this.#host.look();
    return rules.known(Math.max(latestMs, this.#nowMs()));
  }
}

/** The limits of one process that shares nothing. */
export class ProcessSubmissions implements SubmissionGate {
  readonly #rules = new SubmissionRules();
  readonly #label: string | null;
  readonly #nowMs: () => number;

  constructor({ limits, label }: SubmissionOptions, { nowMs }: { readonly nowMs: () => number }) {
    this.#rules.replace(limits);
    this.#label = label;
    this.#nowMs = nowMs;
  }

  check(): SubmissionRefusal | null {
    return this.#rules.refusal(this.#label, this.#nowMs());
  }

  count(taskId: string): CountResult {
    const entry = { type: 'submit', since: 2, label: this.#label, task: taskId } as const;
    return this.#rules.apply(entry, this.#nowMs()) ?? unlimited;
  }

  giveBack(atMs: number): void {
    this.#rules.apply({ type: 'unsubmit', since: 2, label: this.#label, atMs }, this.#nowMs());
  }

  known(): KnownRules {
    return this.#rules.known(this.#nowMs());
  }
}
