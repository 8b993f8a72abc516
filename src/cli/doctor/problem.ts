import { UsageError } from '../../domain/usage-error.ts';

/** What a person can fix, as a value. */
export interface Problem {
  readonly message: string;
  readonly hint: string | null;
}

/** What `work` answers, or the usage error that it ended in; every other error is thrown on. */
export async function orProblem<T>(work: () => T | Promise<T>): Promise<{ value: T } | { problem: Problem }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { problem: { message: error.message, hint: error.hint } };
  }
}
