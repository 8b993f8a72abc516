import type { FileHandle } from 'node:fs/promises';
import type { FinishedTask } from '../../../ports/files.ts';
import { openForReading } from './journal-file.ts';
import { readLines } from './read-lines.ts';
import { replay } from './replay.ts';
import { decodeFinished, finishedKeyIn } from './step.ts';
import { TaskStates } from './task-states.ts';

/** The rows of a file that are the latest ones of their tasks. */
async function* latestRows(file: FileHandle, end: number, states: TaskStates): AsyncGenerator<FinishedTask> {
  for await (const lines of readLines(file, { from: 0, to: end })) {
    for (const { bytes, at } of lines) {
      const key = finishedKeyIn(bytes);
      if (key !== null && states.rowAt(key) === at) yield decodeFinished(bytes);
    }
  }
}

/**
 * The latest rows of the finished tasks of a journal, one per task. It takes no lock and changes nothing: another process may
 * append meanwhile. Throws `UsageError` for a file that is no journal, or a damaged one.
 */
export async function* readJournalRows(path: string): AsyncGenerator<FinishedTask> {
  const file = await openForReading(path);
  try {
    const states = new TaskStates();
    const { size: length } = await file.stat();
    const { end } = await replay(file, { path, length }, states);
    yield* latestRows(file, end, states);
  } finally {
    await file.close();
  }
}
