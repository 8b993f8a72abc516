/**
 * What sort of thing went wrong in an attempt.
 *
 * `throttled` is busy, not broken: it never hurts a breaker or a region's health. `rejected` says that this task is
 * wrong; `account` that no task can succeed until a person acts, `config` the same: whatever answers under the base URL
 * is not the service.
 */
export type FaultKind = 'transport' | 'timeout' | 'throttled' | 'unsolvable' | 'rejected' | 'account' | 'config';

/** What went wrong, classified. Text that came from a server is already cut short and free of secrets. */
export interface Fault {
  readonly kind: FaultKind;
  /** The service's own code, verbatim, such as `ERROR_NO_SLOT_AVAILABLE`; null where it gave none. */
  readonly code: string | null;
  /** One sentence for a person. */
  readonly message: string;
  /** The least wait before the next submission or poll, in ms; null where nobody asked for one. */
  readonly retryAfterMs: number | null;
  /**
   * True where a submission may have been paid for in vain: it was sent and no understandable answer came, or the service
   * has forgotten the id that it gave.
   */
  readonly answerLost: boolean;
  /** True where every thread of the account is taken: the one fault that lower concurrency cures. */
  readonly threadsFull: boolean;
  /** How often this code may be answered with a new submission; null leaves it to the general limits. */
  readonly maxResubmissions: number | null;
}

const plainFault = {
  code: null,
  retryAfterMs: null,
  answerLost: false,
  threadsFull: false,
  maxResubmissions: null,
} as const;

/** Completes a fault from what is special about it. */
export function describeFault(special: Pick<Fault, 'kind' | 'message'> & Partial<Fault>): Fault {
  return { ...plainFault, ...special };
}

/** Thrown by an adapter when the service did not do what was asked; the solver turns it into a value. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault';
  readonly fault: Fault;

  constructor(fault: Fault, options?: ErrorOptions) {
    super(fault.message, options);
    this.fault = fault;
  }
}
