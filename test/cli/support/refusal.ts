import { UsageError } from '../../../src/domain/errors.ts';

/** The usage error of an action as printed: its message and its hint. */
export async function refusalOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.hint === null ? error.message : `${error.message} | ${error.hint}`;
  }
  return 'not refused';
}
