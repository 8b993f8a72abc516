import { fstatSync, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { JournalLostError } from '../../../domain/errors.ts';
import { withPath } from '../../system/system-error.ts';
import { AppendLog } from './append-log.ts';
import { FileJournal, type OpenJournal } from './file-journal.ts';
import {
  createJournal,
  ensureOneName,
  lengthOf,
  makePrivate,
  openForAppending,
  realPathOf,
  renewJournal,
} from './journal-file.ts';
import { type JournalHeader, refuseForeign } from './journal-header.ts';
import { type JournalLock, lockJournal, type LockOptions } from './journal-lock.ts';
import { replay } from './replay.ts';
import { TaskStates } from './task-states.ts';

export interface JournalOptions {
  /** Start over; an existing journal is kept under another name. */
  readonly fresh: boolean;
  /** True if the service that gave the ids in the journal is gone: their submissions are in doubt. */
  readonly idsAreGone?: boolean;
  /** Continue although the journal was written with another API key, and record the new one. */
  readonly sameAccount?: boolean;
  /** Runs under the lock just before a journal is created, while the previous one is still valid. */
  readonly beforeMade?: () => Promise<void>;
  /** Called with a warning for the user while the journal is in use. */
  readonly onWarning?: (message: string) => void;
  /** Lock settings that differ from the defaults. */
  readonly lock?: Pick<LockOptions, 'me' | 'refreshMs' | 'staleMs'>;
}

interface Place {
  readonly path: string;
  readonly header: JournalHeader;
}

const nothing = async (): Promise<void> => undefined;

/** Creates the file unless an existing one is resumed. */
async function prepare(
  { path, header }: Place,
  { fresh, beforeMade = nothing }: JournalOptions,
): Promise<{ isResumed: boolean; keptAs: string | null }> {
  const isThere = (await lengthOf(path)) > 0;
  if (isThere && !fresh) return { isResumed: true, keptAs: null };
  // A file that is not a journal is rejected before anything is changed.
  if (isThere) await (await openForAppending(path)).close();
  return { isResumed: false, keptAs: await createJournal(path, header, beforeMade) };
}

interface OwnFile {
  readonly file: FileHandle;
  /** Throws if the file no longer belongs to this process alone. */
  readonly check: (end: number | null) => void;
}

/** Reads the journal, truncates a torn end, and makes the rest durable before it is used. */
async function readIn(
  { file, check }: OwnFile,
  place: Place & Pick<JournalOptions, 'sameAccount'>,
  states: TaskStates,
): Promise<{ header: JournalHeader; end: number }> {
  const { size } = await file.stat();
  const { header, end } = await replay(file, { path: place.path, length: size }, states);
  const wanted = place.sameAccount === true ? { ...place.header, accountId: '' } : place.header;
  refuseForeign(header, wanted, place.path);
  check(size);
  await makePrivate(file);
  if (end < size) await file.truncate(end);
  await file.datasync();
  return { header, end };
}

/** An error if the file under the journal's name is not the one that only this process writes; otherwise null. */
function lossOf(file: FileHandle, { path, end }: { path: string; end: number | null }): JournalLostError | null {
  const { dev, ino, size } = fstatSync(file.fd);
  const named = statSync(path, { throwIfNoEntry: false });
  if (named?.dev !== dev || named.ino !== ino) {
    return new JournalLostError(`the journal ${path} was removed, renamed or replaced while it was in use`);
  }
  if (end === null || size === end) return null;
  return new JournalLostError(`another program wrote to the journal ${path} while it was in use`);
}

async function openLocked(place: Place, options: JournalOptions, lock: JournalLock): Promise<OpenJournal> {
  const { path } = place;
  const origin = await prepare(place, options);
  await ensureOneName(path);
  // The last owner may still have the file open: it then writes to a file without a name, which does no harm.
  if (lock.isTakenOver && origin.isResumed) await renewJournal(path);
  const file = await openForAppending(path);
  const check = (end: number | null): void => {
    const loss = lossOf(file, { path, end });
    // Checked second and reported first: the lock tells who replaced the file, also if that happened just now.
    lock.check();
    if (loss !== null) throw loss;
  };
  try {
    const states = new TaskStates();
    const { onWarning, sameAccount = false } = options;
    const { header, end } = await readIn({ file, check }, { ...place, sameAccount }, states);
    if (options.idsAreGone === true) states.forgetIds();
    const log = new AppendLog(file, { path, end, check });
    const parts = { file, log, states, unlock: () => lock.release(), onWarning };
    const journal = new FileJournal(parts, { header, ...origin });
    const { accountId } = place.header;
    if (accountId !== '') await journal.continueWith(accountId);
    return journal;
  } catch (error) {
    await file.close();
    throw withPath(error, place.path);
  }
}

/**
 * Opens the journal of a run and replays it, or creates it with `header` (mode 0600). `header.createdAt` is also shown
 * to processes that find the journal locked.
 *
 * Throws `UsageError` for a journal that is locked by another process, has several names, belongs to another base URL,
 * account or column mapping, is damaged before its torn end, or is not a journal of this version. Throws the system
 * error if the disk is full or not writable.
 */
export async function openJournal(path: string, header: JournalHeader, options: JournalOptions): Promise<OpenJournal> {
  const place = { path: await realPathOf(path), header };
  const { onWarning } = options;
  const told = { startedAt: header.createdAt, ...(onWarning !== undefined && { onWarning }) };
  const lock = await lockJournal(place.path, { ...told, ...options.lock });
  try {
    return await openLocked(place, options, lock);
  } catch (error) {
    await lock.release().catch(() => undefined);
    throw error;
  }
}
