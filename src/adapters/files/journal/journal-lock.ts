import { link, readdir, readFile, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { UsageError } from '../../../domain/usage-error.ts';
import { type LockAnswer, type LockFiles, tryLock } from './generation-lock.ts';
import { temporaryNameFor, writeDurably } from './journal-file.ts';
import { mayBeAlive, parseOwner, thisProcess } from './lock-owner.ts';
import { codeOf } from './system-error.ts';

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
      'name a journal elsewhere with --journal FILE',
    );
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

/** The files of a journal's lock, beside it. */
export function lockFilesOf(path: string): LockFiles {
  const start = `${basename(path)}.lock.`;
  return {
    list: async () =>
      (await readdir(dirname(path)))
        .filter((name) => name.startsWith(start) && /^\d+$/.test(name.slice(start.length)))
        .map((name) => Number(name.slice(start.length))),
    read: (generation) => unless(['ENOENT'], null, readFile(lockName(path, generation), 'utf8')),
    tryCreate: (generation, content) => tryCreate(lockName(path, generation), content),
    remove: (generation) => unless(['ENOENT'], undefined, unlink(lockName(path, generation))),
  };
}

function refusal(path: string, { generation, owner }: Extract<LockAnswer, { held: false }>, host: string): UsageError {
  const file = lockName(path, generation);
  if (owner === null) {
    return new UsageError(
      `the journal ${path} is locked by a file that names no process`,
      `delete ${file} if no other captcha batch uses it`,
    );
  }
  const since = new Date(owner.startedAt).toISOString();
  const fix =
    owner.host === host
      ? `wait for it or end it (kill ${owner.pid}), or name another journal with --journal FILE`
      : `whether it runs cannot be seen from ${host}: if it does not, delete ${file}`;
  return new UsageError(`the journal ${path} is in use by process ${owner.pid} on ${owner.host} since ${since}`, fix);
}

/**
 * Takes the lock of a journal for this process; the answer gives it back. `startedAt`, in epoch ms, is told to others.
 * Throws `UsageError`, naming the holder, where somebody else has it.
 */
export async function lockJournal(path: string, startedAt: number): Promise<() => Promise<void>> {
  const me = thisProcess(startedAt);
  const answer = await tryLock(lockFilesOf(path), me, { parseOwner, mayBeAlive });
  if (answer.held) return answer.release;
  throw refusal(path, answer, me.host);
}
