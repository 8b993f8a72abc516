import type { FileHandle } from 'node:fs/promises';
import { AppendLog } from './append-log.ts';
import { FileJournal, type OpenJournal } from './file-journal.ts';
import { createJournal, lengthOf, makePrivate, openForAppending, realPathOf } from './journal-file.ts';
import { type JournalHeader, refuseForeign } from './journal-header.ts';
import { lockJournal } from './journal-lock.ts';
import { replay } from './replay.ts';
import { withPath } from './system-error.ts';
import { TaskStates } from './task-states.ts';

export interface JournalOptions {
  /** Start anew; a journal that is there is kept under another name. */
  readonly fresh: boolean;
  /** Done, under the lock, when a journal is about to be made, while the one before it is still in force. */
  readonly beforeMade?: () => Promise<void>;
}

interface Place {
  readonly path: string;
  readonly header: JournalHeader;
}

const nothing = async (): Promise<void> => undefined;

/** Makes the file where there is none to be resumed. */
async function prepare(
  { path, header }: Place,
  { fresh, beforeMade = nothing }: JournalOptions,
): Promise<{ isResumed: boolean; keptAs: string | null }> {
  const isThere = (await lengthOf(path)) > 0;
  if (isThere && !fresh) return { isResumed: true, keptAs: null };
  // What is no journal is refused before anything is done.
  if (isThere) await (await openForAppending(path)).close();
  return { isResumed: false, keptAs: await createJournal(path, header, beforeMade) };
}

/** Reads the journal, cuts off what was torn, and makes durable what is going to be relied on. */
async function readIn(
  file: FileHandle,
  place: Place,
  states: TaskStates,
): Promise<{ header: JournalHeader; end: number }> {
  const { size } = await file.stat();
  const { header, end } = await replay(file, { path: place.path, length: size }, states);
  refuseForeign(header, place.header, place.path);
  await makePrivate(file);
  if (end < size) await file.truncate(end);
  await file.datasync();
  return { header, end };
}

async function openLocked(place: Place, options: JournalOptions, unlock: () => Promise<void>): Promise<OpenJournal> {
  const origin = await prepare(place, options);
  const file = await openForAppending(place.path);
  try {
    const states = new TaskStates();
    const { header, end } = await readIn(file, place, states);
    const log = new AppendLog(file, { path: place.path, end });
    return new FileJournal({ file, log, states, unlock }, { header, ...origin });
  } catch (error) {
    await file.close();
    throw withPath(error, place.path);
  }
}

/**
 * Opens the journal of a run, replaying what is in it, or creates it with `header` (mode 0600); `header.createdAt` is
 * also told to whoever finds the journal locked.
 *
 * Throws `UsageError` for a journal that another process holds, that belongs to another base URL, account or column
 * mapping, that is damaged anywhere but at its torn end, or that is no journal of this version; and the system's error
 * where the disk is full or may not be written.
 */
export async function openJournal(path: string, header: JournalHeader, options: JournalOptions): Promise<OpenJournal> {
  const place = { path: await realPathOf(path), header };
  const unlock = await lockJournal(place.path, header.createdAt);
  try {
    return await openLocked(place, options, unlock);
  } catch (error) {
    await unlock().catch(() => undefined);
    throw error;
  }
}
