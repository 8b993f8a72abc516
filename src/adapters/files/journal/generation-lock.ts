import type { LockOwner } from './lock-owner.ts';

/** The files of one lock, by generation. Each call is atomic by itself; anything may happen between two. */
export interface LockFiles {
  /** Every generation that exists. */
  list(): Promise<readonly number[]>;
  /** Null where the generation does not exist. */
  read(generation: number): Promise<string | null>;
  /** False where the generation exists already. */
  tryCreate(generation: number, content: string): Promise<boolean>;
  /** Does nothing where the generation does not exist. */
  remove(generation: number): Promise<void>;
}

export interface LockRules {
  /** Null for content that names no owner. */
  readonly parseOwner: (content: string) => LockOwner | null;
  readonly mayBeAlive: (owner: LockOwner) => boolean;
}

export type LockAnswer =
  | { readonly held: true; readonly release: () => Promise<void> }
  /** Somebody else has it. `owner` is null where the file of that generation names none. */
  | { readonly held: false; readonly generation: number; readonly owner: LockOwner | null };

interface Seen {
  readonly generation: number;
  /** Null where the file names none. */
  readonly owner: LockOwner | null;
  readonly isAlive: boolean;
}

/** Far more than a race ever takes; only a file system that shows changes late gets there. */
const maxLooks = 100;

async function look(files: LockFiles, { parseOwner, mayBeAlive }: LockRules): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  for (const generation of await files.list()) {
    const content = await files.read(generation);
    if (content === null) continue;
    const owner = parseOwner(content);
    seen.push({ generation, owner, isAlive: owner === null || mayBeAlive(owner) });
  }
  return seen;
}

interface Claim {
  readonly generation: number;
  readonly content: string;
}

async function release(files: LockFiles, { generation, content }: Claim): Promise<void> {
  // A person may have removed it by hand, and the next process have taken the number.
  if ((await files.read(generation)) === content) await files.remove(generation);
}

/** Whether the generation just created has the lock; if so, those of dead owners are removed. */
async function settle(files: LockFiles, generation: number, rules: LockRules): Promise<boolean> {
  const others = (await look(files, rules)).filter((each) => each.generation !== generation);
  if (others.some(({ isAlive }) => isAlive)) return false;
  for (const { generation: dead } of others) await files.remove(dead);
  return true;
}

/** False where somebody else created the generation, or has the lock after all: then nothing is left of it. */
async function tryTake(files: LockFiles, { generation, content }: Claim, rules: LockRules): Promise<boolean> {
  if (!(await files.tryCreate(generation, content))) return false;
  let isMine = false;
  try {
    isMine = await settle(files, generation, rules);
  } finally {
    if (!isMine) await files.remove(generation);
  }
  return isMine;
}

/**
 * Takes a lock that a killed process cannot leave behind, without a daemon and without locks of the kernel, which node
 * does not offer. A lock is a file that names its owner; its generation is in its name.
 *
 * 1. Look at every generation. An owner that may be alive holds the lock, whichever generation is its own. A dead one
 *    holds nothing, so that SIGKILL frees the lock at once; a stopped process is alive.
 * 2. Create the next generation. Of all who saw the same, one succeeds, because the file appears only where there is
 *    none; and it appears whole (link(2)), so that a process killed here leaves its name, never an empty file that
 *    nobody could judge. A dead owner's file is not replaced in its place: who saw it long ago would replace that of its
 *    successor.
 * 3. Look again, for this process may have slept between 1 and 2 while others took the lock and gave it back, and
 *    numbers are used again. Is anybody else alive, withdraw and start over.
 * 4. Remove the generations of dead owners.
 * 5. To release is to remove the own file.
 *
 * Why there are never two: the file of a living owner is removed by itself only. Each of two holders would have looked
 * (3) after it created its file, so that the one that looked later saw the other's, alive, and withdrew. And the files
 * removed in 4 are still those of the dead that were seen in 3: only a holder removes them, and there is no other.
 */
export async function tryLock(files: LockFiles, me: LockOwner, rules: LockRules): Promise<LockAnswer> {
  const content = JSON.stringify(me);
  for (let looks = 0; looks < maxLooks; looks++) {
    const seen = await look(files, rules);
    const living = seen.find(({ isAlive }) => isAlive);
    if (living !== undefined) return { held: false, generation: living.generation, owner: living.owner };
    const generation = 1 + Math.max(0, ...seen.map((each) => each.generation));
    const claim = { generation, content };
    if (await tryTake(files, claim, rules)) return { held: true, release: () => release(files, claim) };
  }
  throw new Error('the file system does not show the files of a lock as they are created');
}
