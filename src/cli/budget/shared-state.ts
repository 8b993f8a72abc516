import type { ProtectionAnswer, ProtectionEntry, ProtectionState } from '../../core/health/protection-state.ts';

/** One entry of the shared log, and what it led to. */
export interface BudgetEvent {
  /** Wall clock, epoch ms. */
  readonly at: number;
  readonly pid: string;
  readonly entry: ProtectionEntry;
  readonly answer: ProtectionAnswer;
  /** What was left afterwards, in tokens; below 0 while reservations are outstanding. */
  readonly balance: number;
}

/** What the processes of this host share about retries of one API and account. */
export interface SharedState {
  /** The folder of the log. */
  readonly place: string;
  /** How it stands now, and the time on its clock. Nothing is written. */
  look(): { readonly state: ProtectionState; readonly nowMs: number };
  /** What happened since the oldest entry that is kept. */
  history(): Iterable<BudgetEvent>;
  /** Starts anew with the settings of this configuration. A damaged log is replaced. */
  reset(): void;
}
