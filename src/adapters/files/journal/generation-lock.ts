import type { ProcessIdentity, ProcessState } from '../../state/process-identity.ts';

/** Who holds a lock. */
export interface LockOwner extends ProcessIdentity {
  /** For people, in epoch ms. */
  readonly startedAt: number;
}

/** The owner that a lock file names; null for a file that names none. */
export function parseOwner(content: string): LockOwner | null {
  try {
    const { pid, start, space, host, startedAt } = JSON.parse(content) as Partial<LockOwner>;
    if (!Number.isSafeInteger(pid) || pid === undefined || pid <= 0) return null;
    if (typeof host !== 'string' || typeof space !== 'string' || typeof startedAt !== 'number') return null;
    return { pid, start: start ?? null, space, host, startedAt };
  } catch {
    return null;
  }
}

/** The files of one lock, by generation. Each call is atomic by itself; anything may happen between two. */
export interface LockFiles {
  /** Every generation that exists. */
  list(): Promise<readonly number[]>;
  /** Null where the generation does not exist. */
  read(generation: number): Promise<string | null>;
  /** False where the generation exists already. */
  tryCreate(generation: number, content: string): Promise<boolean>;
  /** How long ago its owner wrote the file last, by the clock of the file system; null where it does not exist. */
  ageMs(generation: number): Promise<number | null>;
  /** Does nothing where the generation does not exist. */
  remove(generation: number): Promise<void>;
}

export interface LockRules {
  /** Null for content that names no owner. */
  readonly parseOwner: (content: string) => LockOwner | null;
  readonly stateOf: (owner: LockOwner) => ProcessState;
  /** An owner that cannot be seen from here counts as dead when it has not refreshed its file for so long. */
  readonly staleMs: number;
}

export type LockAnswer =
  | {
      readonly held: true;
      readonly generation: number;
      /** What the file of that generation holds, until it is given back or lost. */
      readonly content: string;
      /** Whether it was taken from an owner that may still run, and does not know yet that it has lost the lock. */
      readonly isTakenOver: boolean;
      readonly release: () => Promise<void>;
    }
  | {
      readonly held: false;
      readonly generation: number;
      /** Null where the file of that generation names none. */
      readonly owner: LockOwner | null;
      /** When the owner counts as dead unless it refreshes its file; null where it is seen to run. */
      readonly freeInMs: number | null;
    };

interface Seen {
  readonly generation: number;
  readonly content: string;
  /** Null where the file names none. */
  readonly owner: LockOwner | null;
  readonly isAlive: boolean;
  /** Null where the owner is seen, or where there is none. */
  readonly ageMs: number | null;
}

/** Far more than a race ever takes; only a file system that shows changes late gets there. */
const maxLooks = 100;

/** Null where the file is gone by now. */
async function lookAt(files: LockFiles, generation: number, rules: LockRules): Promise<Seen | null> {
  const content = await files.read(generation);
  if (content === null) return null;
  const owner = rules.parseOwner(content);
  const state = owner === null ? 'running' : rules.stateOf(owner);
  if (state !== 'unknown') return { generation, content, owner, isAlive: state !== 'ended', ageMs: null };
  const ageMs = await files.ageMs(generation);
  return ageMs === null ? null : { generation, content, owner, isAlive: ageMs < rules.staleMs, ageMs };
}

async function look(files: LockFiles, rules: LockRules): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  for (const generation of await files.list()) {
    const each = await lookAt(files, generation, rules);
    if (each !== null) seen.push(each);
  }
  return seen;
}

type Claim = Pick<Seen, 'generation' | 'content'>;

/** A person may have removed it by hand, or another process after it was not refreshed, and the number be used again. */
async function removeOwn(files: LockFiles, { generation, content }: Claim): Promise<void> {
  if ((await files.read(generation)) === content) await files.remove(generation);
}

/** Those of others that are dead, and are removed now; null where one of them is alive after all. */
async function settle(files: LockFiles, { generation }: Claim, rules: LockRules): Promise<readonly Seen[] | null> {
  const others = (await look(files, rules)).filter((each) => each.generation !== generation);
  if (others.some(({ isAlive }) => isAlive)) return null;
  for (const dead of others) await removeOwn(files, dead);
  return others;
}

/** Null where somebody else created the generation, or has the lock after all: then nothing is left of it. */
async function tryTake(files: LockFiles, claim: Claim, rules: LockRules): Promise<readonly Seen[] | null> {
  if (!(await files.tryCreate(claim.generation, claim.content))) return null;
  let dead: readonly Seen[] | null = null;
  try {
    dead = await settle(files, claim, rules);
  } finally {
    if (dead === null) await removeOwn(files, claim);
  }
  return dead;
}

function refusedBy({ generation, owner, ageMs }: Seen, { staleMs }: LockRules): LockAnswer {
  return { held: false, generation, owner, freeInMs: ageMs === null ? null : staleMs - ageMs };
}

/**
 * Takes a lock that a killed process cannot leave behind, without a daemon and without locks of the kernel, which node
 * does not offer. A lock is a file that names its owner; its generation is in its name.
 *
 * 1. Look at every generation. An owner that is alive holds the lock, whichever generation is its own. A dead one holds
 *    nothing, so that SIGKILL frees the lock at once; a stopped process is alive. An owner that cannot be seen (another
 *    machine, another container) is alive as long as it refreshes its file.
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
 *
 * The exception is an owner that cannot be seen and stood still for longer than `staleMs`. Its file is gone when the next
 * one has the lock: a holder must look at its own file before it does what only one may do.
 */
export async function tryLock(files: LockFiles, me: LockOwner, rules: LockRules): Promise<LockAnswer> {
  const content = JSON.stringify(me);
  for (let looks = 0; looks < maxLooks; looks++) {
    const seen = await look(files, rules);
    const living = seen.find(({ isAlive }) => isAlive);
    if (living !== undefined) return refusedBy(living, rules);
    const generation = 1 + Math.max(0, ...seen.map((each) => each.generation));
    const claim = { generation, content };
    const dead = await tryTake(files, claim, rules);
    if (dead === null) continue;
    const isTakenOver = dead.some(({ ageMs }) => ageMs !== null);
    return { held: true, ...claim, isTakenOver, release: () => removeOwn(files, claim) };
  }
  throw new Error('the file system does not show new lock files reliably');
}
