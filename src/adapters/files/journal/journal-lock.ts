import { readdirSync, readFileSync } from 'node:fs';
import { link, open, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { JournalLostError, UsageError } from '../../../domain/errors.ts';
import { stateOf, thisProcess } from '../../state/process-identity.ts';
import { codeOf } from '../../system/system-error.ts';
import { type LockAnswer, type LockFiles, type LockOwner, parseOwner, tryLock } from './generation-lock.ts';
import { temporaryNameFor, writeDurably } from './journal-file.ts';

/** Interval at which a holder refreshes its lock file. */
const usualRefreshMs = 10_000;
/** A holder on another machine counts as dead after this time without a refresh. */
const usualStaleMs = 60_000;

/** Resolves to `otherwise` if the operation fails with one of the codes. */
async function unless<T>(codes: readonly string[], otherwise: T, operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    if (codes.includes(codeOf(error) ?? '')) return otherwise;
    throw error;
  }
}

const lockName = (path: string, generation: number): string => `${path}.lock.${generation}`;

async function tryCreate(name: string, content: string): Promise<boolean> {
  const temporary = temporaryNameFor(name);
  try {
    // Made durable before it is linked: an empty file after a power cut would name no owner and hold the lock forever.
    await writeDurably(temporary, content);
    return await unless(
      ['EEXIST'],
      false,
      link(temporary, name).then(() => true),
    );
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(error) ?? '')) throw error;
    throw new UsageError(
      `${dirname(name)} is on a file system without hard links`,
      'use a journal on another file system with --journal FILE',
    );
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

/** The age of a file by its file system's clock, which may be another machine's. Null if the file does not exist. */
async function ageMsOf(path: string): Promise<number | null> {
  const touched = temporaryNameFor(path);
  try {
    // Written first: if this process is suspended before the second look, the other file does not appear older.
    await writeDurably(touched, 'now');
    const now = await stat(touched);
    const found = await unless(['ENOENT'], null, stat(path));
    return found === null ? null : now.mtimeMs - found.mtimeMs;
  } finally {
    await unlink(touched).catch(() => undefined);
  }
}

const generationIn = (name: string, path: string): number | null => {
  const start = `${basename(path)}.lock.`;
  return name.startsWith(start) && /^\d+$/.test(name.slice(start.length)) ? Number(name.slice(start.length)) : null;
};

/** The lock files of a journal, next to it. */
function lockFilesOf(path: string): LockFiles {
  return {
    list: async () => (await readdir(dirname(path))).flatMap((name) => generationIn(name, path) ?? []),
    read: (generation) => unless(['ENOENT'], null, readFile(lockName(path, generation), 'utf8')),
    tryCreate: (generation, content) => tryCreate(lockName(path, generation), content),
    ageMs: (generation) => ageMsOf(lockName(path, generation)),
    remove: (generation) => unless(['ENOENT'], undefined, unlink(lockName(path, generation))),
  };
}

const shown = ({ pid, host, startedAt }: LockOwner): string =>
  `process ${pid} on ${host} since ${new Date(startedAt).toISOString()}`;

type Refused = Extract<LockAnswer, { held: false }>;

function wayOut({ generation, owner, freeInMs }: Refused & { owner: LockOwner }, path: string): string {
  const file = lockName(path, generation);
  if (freeInMs === null) return `wait for it or end it (kill ${owner.pid}), or use another journal with --journal FILE`;
  const seconds = Math.ceil(freeInMs / 1000);
  return `the process is not visible here (another machine or container, or a system without /proc): if it has ended, the journal is free in ${seconds}s, or now if you delete ${file}`;
}

function refusal(path: string, { owner, ...rest }: Refused): UsageError {
  if (owner === null) {
    return new UsageError(
      `the journal ${path} is locked by a lock file that names no process`,
      `delete ${lockName(path, rest.generation)} if no other captcha batch uses it`,
    );
  }
  return new UsageError(`the journal ${path} is in use by ${shown(owner)}`, wayOut({ owner, ...rest }, path));
}

/** Null if the file does not exist. */
function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** The current owner of a journal's lock according to its files; null if they name none. */
function presentOwner(path: string): LockOwner | null {
  const names = readdirSync(dirname(path)).filter((name) => generationIn(name, path) !== null);
  const owners = names.map((name) => parseOwner(readIfThere(`${dirname(path)}/${name}`) ?? ''));
  return owners.find((owner) => owner !== null) ?? null;
}

/**
 * Refreshes the holder's file by the file system's clock. It rewrites the first byte with the same value, so the
 * content is unchanged at every moment.
 */
async function refresh(name: string, content: string): Promise<void> {
  const file = await open(name, 'r+');
  try {
    // The number may belong to another holder by now, whose file must not be refreshed by this process.
    if ((await file.readFile('utf8')) === content) await file.write(content.slice(0, 1), 0);
  } finally {
    await file.close();
  }
}

/** A journal's lock held by this process. */
export interface JournalLock {
  /** True if the previous owner may still run and write: it was not visible and had not refreshed its file for long. */
  readonly isTakenOver: boolean;
  /** Throws `JournalLostError` if another process took the lock because this one was suspended for long. */
  check(): void;
  release(): Promise<void>;
}

export interface LockOptions {
  /** Start time for display to others, in epoch ms. */
  readonly startedAt: number;
  /** Called with a warning for the user while the lock is held. */
  readonly onWarning?: (message: string) => void;
  /** The owner to register; default: this process. */
  readonly me?: Omit<LockOwner, 'startedAt'>;
  readonly refreshMs?: number;
  readonly staleMs?: number;
}

/** Refreshes a lock file until it is stopped, and warns once if that fails. Does not keep the process alive. */
function keepFresh(
  { name, content }: { name: string; content: string },
  { onWarning, refreshMs = usualRefreshMs, staleMs = usualStaleMs }: LockOptions,
): () => Promise<void> {
  let isTold = false;
  let running: Promise<void> = Promise.resolve();
  const tell = (error: unknown): void => {
    // Another process has the lock; the next `check` reports that.
    if (isTold || codeOf(error) === 'ENOENT') return;
    isTold = true;
    const why = error instanceof Error ? error.message : String(error);
    onWarning?.(
      `the lock of the journal cannot be refreshed (${why}): another machine or container can take over the journal ${staleMs / 1000}s after the last refresh; this run then stops before its next submission`,
    );
  };
  const timer = setInterval(() => {
    running = running.then(() => refresh(name, content)).then(() => void (isTold = false), tell);
  }, refreshMs);
  timer.unref();
  return async (): Promise<void> => {
    clearInterval(timer);
    await running;
  };
}

/**
 * Locks a journal for this process. If another process holds the lock, throws `UsageError` that names the holder and
 * what to do.
 */
export async function lockJournal(path: string, options: LockOptions): Promise<JournalLock> {
  const { startedAt, me = thisProcess(), staleMs = usualStaleMs } = options;
  const answer = await tryLock(lockFilesOf(path), { ...me, startedAt }, { parseOwner, stateOf, staleMs });
  if (!answer.held) throw refusal(path, answer);
  const name = lockName(path, answer.generation);
  const stop = keepFresh({ name, content: answer.content }, options);
  return {
    isTakenOver: answer.isTakenOver,
    check: () => {
      if (readIfThere(name) === answer.content) return;
      const owner = presentOwner(path);
      const why =
        owner === null
          ? 'its lock file was removed'
          : `${shown(owner)} has taken it over, because this run was suspended for more than ${staleMs / 1000}s`;
      throw new JournalLostError(`the journal ${path} no longer belongs to this run: ${why}`);
    },
    release: () => stop().then(answer.release),
  };
}
