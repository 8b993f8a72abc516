import type { RouteDecision, RuleConsidered } from '../../core/routing/route-decision.ts';

/** A URL and what came of it, free of passwords: one row of the output, in every format. */
export interface RouteRow {
  readonly url: string;
  readonly decision: RouteDecision;
  /** The queue of its region; null for none. */
  readonly queue: string | null;
  /** Where its task goes at present; null where nobody asked for the health of the regions. */
  readonly present: { readonly effective: string | null } | null;
  /** Every rule that was considered, or null where nobody asked for it. */
  readonly considered: readonly RuleConsidered[] | null;
}

/** Rows as text of one format. What has been answered is to be written before the next is asked for. */
export interface RouteText {
  /** The text that can be written now that this row is known: empty where rows are held back. */
  add(row: RouteRow): string;
  /** Whether rows are held back. */
  readonly isHolding: boolean;
  /** The rows that are held back, for an input that pauses. */
  release(): string;
  /** What is left when all rows are known. */
  end(): string;
}
