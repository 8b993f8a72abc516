/** Why a task cannot or must not be sent. */
export interface TaskRefusal {
  /** The name at fault: a column of a batch, or what a flag of `solve` is called after; null where it is the whole. */
  readonly about: string | null;
  readonly reason: string;
  readonly fix: string | null;
  /** Where it is the policy that refuses. */
  readonly denied?: true;
}
