import { UsageError } from '../../domain/usage-error.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { journalPath, openBatchJournal, openBatchOutput, type RunRequest } from './open-run.ts';

/** Writes the output anew from the journal: the rows of all finished tasks, and nothing is sent. */
export async function exportBatch(request: RunRequest, context: Context): Promise<number> {
  const path = await journalPath(request, context);
  if (path === null || !(await request.files.exists(path))) {
    throw new UsageError(`there is no journal${path === null ? '' : ` ${path}`}`, 'name it with --journal');
  }
  const journal = await openBatchJournal(request, { session: null, path }, context);
  try {
    const output = await openBatchOutput(request, journal, null);
    await output.close();
    return exitCodes.done;
  } finally {
    await journal.close();
  }
}
