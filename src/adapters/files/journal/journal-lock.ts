import { readdirSync, readFileSync } from 'node:fs';
import { link, open, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { JournalLostError, UsageError } from '../../../domain/errors.ts';
import { stateOf, thisProcess } from '../../state/process-identity.ts';
import { codeOf } from '../../system/system-error.ts';
import { type LockAnswer, type LockFiles, type LockOwner, parseOwner, tryLock } from './generation-lock.ts';
import { temporaryNameFor, writeDurably } from './journal-file.ts';

/** How often a holder tells those who cannot see it that it lives. */
const usualRefreshMs = 10_000;
/** A holder that cannot be seen and has not told so for so long counts as dead. */
const usualStaleMs = 60_000;

/** Resolves to `otherwise` where an operation fails with one of the codes. */
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
    // Durable first: after a power cut an empty file would name nobody, and hold for ever.
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

/** The age of a file by the clock of its own file system, which may be another machine's. Null where it does not exist. */
async function ageMsOf(path: string): Promise<number | null> {
  const touched = temporaryNameFor(path);
  try {
    // First: should this process stand still before it looks at the other file, that one is not older for it.
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

/** The files of a journal's lock, beside it. */
export function lockFilesOf(path: string): LockFiles {
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

/** Null where the file is gone. */
function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Who has the lock of a journal now, as far as its files say; null where they say nothing. */
function presentOwner(path: string): LockOwner | null {
  const names = readdirSync(dirname(path)).filter((name) => generationIn(name, path) !== null);
  const owners = names.map((name) => parseOwner(readIfThere(`${dirname(path)}/${name}`) ?? ''));
  return owners.find((owner) => owner !== null) ?? null;
}

/**
 * Tells others that the holder lives, by the clock of the file system. The first byte is written again as it was: the
 * file changes, and what is in it does not, at any moment at which it may be read.
 */
async function refresh(name: string, content: string): Promise<void> {
  const file = await open(name, 'r+');
  try {
    // Another holder may use the number by now: its file says that it lives, not that this process does.
    if ((await file.readFile('utf8')) === content) await file.write(content.slice(0, 1), 0);
  } finally {
    await file.close();
  }
}

/** The lock of a journal, held by this process. */
export interface JournalLock {
  /** Whether its last owner may still run and write: the owner could not be seen, and had stood still for long. */
  readonly isTakenOver: boolean;
  /** Throws `JournalLostError` where another process has taken it, since this one stood still for long. */
  check(): void;
  release(): Promise<void>;
}

export interface LockOptions {
  /** Told to others, in epoch ms. */
  readonly startedAt: number;
  /** Told what a person should know while the lock is held. */
  readonly onWarning?: (message: string) => void;
  /** This process, unless it is to be taken for another one. */
  readonly me?: Omit<LockOwner, 'startedAt'>;
  readonly refreshMs?: number;
  readonly staleMs?: number;
}

/** Refreshes a lock file until it is stopped, and says once when it fails. Does not keep the process alive. */
function keepFresh(
  { name, content }: { name: string; content: string },
  { onWarning, refreshMs = usualRefreshMs, staleMs = usualStaleMs }: LockOptions,
): () => Promise<void> {
  let isTold = false;
  let running: Promise<void> = Promise.resolve();
  const tell = (error: unknown): void => {
    // Another process has it by now: the next look at the lock says so.
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
 * Takes the lock of a journal for this process. Throws `UsageError`, naming the holder and the way out, where another
 * process has it.
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
