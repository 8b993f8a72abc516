/**
 * The kind of failure of an attempt.
 *
 * `throttled` means busy, not broken: it never counts against a breaker or a region's health. `rejected` means that
 * this task is invalid. With `account` no task can succeed until the user acts, and the same holds for `config`: the
 * base URL does not lead to the service, or its certificate is refused. `local`: a limit of this machine was reached, such
 * as that of open files.
 */
export type FaultKind =
  'transport' | 'timeout' | 'throttled' | 'unsolvable' | 'rejected' | 'account' | 'config' | 'local';

/** A classified failure. Text from a server is already shortened and free of secrets. */
export interface Fault {
  readonly kind: FaultKind;
  /** The service's own code, verbatim, such as `ERROR_NO_SLOT_AVAILABLE`; null if it gave none. */
  readonly code: string | null;
  /** One sentence for the user. */
  readonly message: string;
  /** Minimum wait before the next submission or poll, in ms; null if the service did not ask for one. */
  readonly retryAfterMs: number | null;
  /**
   * True if a submission may have been paid for without a result: it was sent and got no understandable answer, or the
   * service has forgotten its id.
   */
  readonly answerLost: boolean;
  /** True if no byte of the request left this machine. */
  readonly neverSent: boolean;
  /** True if all threads of the account are busy: the one fault that lower concurrency fixes. */
  readonly threadsFull: boolean;
  /** How many new submissions may follow this code; null leaves it to the general limits. */
  readonly maxResubmissions: number | null;
}

const plainFault = {
  code: null,
  retryAfterMs: null,
  answerLost: false,
  neverSent: false,
  threadsFull: false,
  maxResubmissions: null,
} as const;

/** A fault with these fields and defaults for the rest. */
export function describeFault(special: Pick<Fault, 'kind' | 'message'> & Partial<Fault>): Fault {
  return { ...plainFault, ...special };
}

/** The message of a fault without its full stop, for a sentence that goes on. */
export const messageWithoutStop = ({ message }: Fault): string => message.replace(/\.$/, '');

/** A fault in a few words, at most 60 characters: the code of the service, the HTTP status, or the start of the message. */
export function faultName(fault: Fault): string {
  const name = fault.code ?? /\bHTTP \d{3}\b/.exec(fault.message)?.[0] ?? messageWithoutStop(fault);
  return name.length <= 60 ? name : `${name.slice(0, 60).replace(/\s\S*$/, '')}…`;
}

/** Thrown by an adapter if the service did not do what was requested; the solver turns it into a value. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault';
  readonly fault: Fault;

  constructor(fault: Fault, options?: ErrorOptions) {
    super(fault.message, options);
    this.fault = fault;
  }
}

/** The value of a request; null if the service gave no usable answer. */
export async function valueOrNull<T>(request: () => Promise<T>): Promise<T | null> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof ProviderFault) return null;
    throw error;
  }
}
