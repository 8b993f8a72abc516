/** Thrown where a task is worked on that somebody else may have by now: nothing more must be paid for it here. */
export class LeaseLost extends Error {
  override readonly name: string = 'LeaseLost';
}

/**
 * Thrown where the queue has lost its data, and with it the lease: what is known of the task is known to its holder alone.
 * Nothing more must be paid for it here, since whoever sent it may have queued it again.
 */
export class LeaseForgotten extends LeaseLost {
  override readonly name = 'LeaseForgotten';
}
