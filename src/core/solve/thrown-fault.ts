import { type Fault, ProviderFault } from '../../domain/fault.ts';

/** The fault that a call to the service has thrown. Throws what is none: a bug, which keeps its stack. */
export function thrownFault(error: unknown): Fault {
  if (error instanceof ProviderFault) return error.fault;
  throw error;
}
