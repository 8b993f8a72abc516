/** Thrown where a task is worked on that somebody else may have by now: nothing more must be paid for it here. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}
