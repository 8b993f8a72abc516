import { UsageError } from '../../../src/domain/errors.ts';

/** The usage error that an action ends in, as a person reads it: its message and its hint. */
export async function refusalOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.hint === null ? error.message : `${error.message} | ${error.hint}`;
  }
  return 'not refused';
}
