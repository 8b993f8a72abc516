import { UsageError } from '../../domain/usage-error.ts';

/** Thrown where the policy does not allow a task, which has an outcome like any other. */
export class PolicyDenied extends UsageError {}
