import { UsageError } from '../../domain/usage-error.ts';
import type { FinishedTask, TaskJournal } from '../../ports/task-journal.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { journalPath, openBatchJournal, openBatchOutput, type RunRequest } from './open-run.ts';

/** The rows of a journal in the order of the input; those of tasks that it has no more come last. */
async function* inOrder({ input, files }: RunRequest, journal: TaskJournal): AsyncIterable<FinishedTask> {
  const met = files.distinctTexts();
  for await (const record of input.source.records()) {
    const finished = record.type === 'row' ? await journal.rowOf(record.key) : null;
    if (finished !== null && met.addIfNew(finished.key)) yield finished;
  }
  for await (const finished of journal.finishedTasks()) if (met.addIfNew(finished.key)) yield finished;
}

/** Writes the output anew from the journal: the rows of all finished tasks, and nothing is sent. */
export async function exportBatch(request: RunRequest, context: Context): Promise<number> {
  const path = await journalPath(request, context);
  if (path === null || !(await request.files.exists(path))) {
    throw new UsageError(`there is no journal${path === null ? '' : ` ${path}`}`, 'name it with --journal');
  }
  const journal = await openBatchJournal(request, { session: null, path }, context);
  try {
    const rows = request.flags.keepOrder === true ? inOrder(request, journal) : journal.finishedTasks();
    const output = await openBatchOutput(request, { journal, path }, rows);
    await output.close();
    return exitCodes.done;
  } finally {
    await journal.close();
  }
}
