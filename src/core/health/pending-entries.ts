import type { Pass, Verdict } from '../../ports/breaker.ts';
import type { ProtectionEntry } from './protection-entry.ts';

type VerdictEntry = ProtectionEntry & { readonly type: 'verdict' };

const sameKind = (a: VerdictEntry, pass: Pass, verdict: Verdict): boolean =>
  a.verdict === verdict && a.pass.epoch === pass.epoch && a.pass.ticket === undefined && pass.ticket === undefined;

/** What a process has still to tell, summed up: thousands of successes make one entry. */
export class PendingEntries {
  #verdicts: VerdictEntry[] = [];
  #accepted = 0;
  #budgetRefused = 0;
  #breakerRefused = 0;
  #task = '';

  get isEmpty(): boolean {
    return this.#verdicts.length === 0 && this.#accepted + this.#budgetRefused + this.#breakerRefused === 0;
  }

  /** Submissions that were accepted, and fund retries once they are told. */
  get accepted(): number {
    return this.#accepted;
  }

  accept(): void {
    this.#accepted += 1;
  }

  refuseRetry(task: string): void {
    this.#budgetRefused += 1;
    this.#task = task;
  }

  refuseEntry(): void {
    this.#breakerRefused += 1;
  }

  judge(pass: Pass, verdict: Verdict, jitter: number): void {
    const last = this.#verdicts.at(-1);
    if (last === undefined || !sameKind(last, pass, verdict)) {
      this.#verdicts.push({ type: 'verdict', pass, verdict, jitter, count: 1 });
    } else this.#verdicts.splice(-1, 1, { ...last, count: last.count + 1 });
  }

  /** Hands over what is to be told, and forgets it. */
  take(): readonly ProtectionEntry[] {
    const [accepted, budgetRefused, breakerRefused] = [this.#accepted, this.#budgetRefused, this.#breakerRefused];
    const tally = { type: 'tally', accepted, budgetRefused, breakerRefused, task: this.#task } as const;
    const entries = accepted + budgetRefused + breakerRefused > 0 ? [...this.#verdicts, tally] : this.#verdicts;
    this.#verdicts = [];
    [this.#accepted, this.#budgetRefused, this.#breakerRefused, this.#task] = [0, 0, 0, ''];
    return entries;
  }
}
