import type { ProcessIdentity, ProcessState } from '../../state/process-identity.ts';

/** The owner of a lock. */
export interface LockOwner extends ProcessIdentity {
  /** For display, in epoch ms. */
  readonly startedAt: number;
}

/** The owner named in a lock file; null if it names none. */
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

/** The files of one lock, by generation. Each call is atomic; anything may happen between two calls. */
export interface LockFiles {
  /** All existing generations. */
  list(): Promise<readonly number[]>;
  /** Null if the generation does not exist. */
  read(generation: number): Promise<string | null>;
  /** False if the generation already exists. */
  tryCreate(generation: number, content: string): Promise<boolean>;
  /** Time since the owner last wrote the file, by the file system's clock; null if the generation does not exist. */
  ageMs(generation: number): Promise<number | null>;
  /** No effect if the generation does not exist. */
  remove(generation: number): Promise<void>;
}

export interface LockRules {
  /** Null for content that names no owner. */
  readonly parseOwner: (content: string) => LockOwner | null;
  readonly stateOf: (owner: LockOwner) => ProcessState;
  /**
   * An owner on another machine or in another container counts as dead if it has not refreshed its file for this long.
   */
  readonly staleMs: number;
}

export type LockAnswer =
  | {
      readonly held: true;
      readonly generation: number;
      /** The content of the generation's file, until it is released or lost. */
      readonly content: string;
      /** True if the previous owner may still run without knowing that it lost the lock. */
      readonly isTakenOver: boolean;
      readonly release: () => Promise<void>;
    }
  | {
      readonly held: false;
      readonly generation: number;
      /** Null if the generation's file names no owner. */
      readonly owner: LockOwner | null;
      /** Time until the owner counts as dead unless it refreshes its file; null if it is visibly running. */
      readonly freeInMs: number | null;
    };

interface Seen {
  readonly generation: number;
  readonly content: string;
  /** Null if the file names none. */
  readonly owner: LockOwner | null;
  readonly isAlive: boolean;
  /** Null if the owner's process is visible, or if there is no owner. */
  readonly ageMs: number | null;
}

/** Far more rounds than any race takes; only a file system with delayed updates gets there. */
const maxLooks = 100;

/** Null if the file is gone. */
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

/** The file may have been removed, by hand or by another process after it went stale, and its number reused. */
async function removeOwn(files: LockFiles, { generation, content }: Claim): Promise<void> {
  if ((await files.read(generation)) === content) await files.remove(generation);
}

/** Removes the other generations, whose owners are dead, and returns them; null if one of the owners is alive. */
async function settle(files: LockFiles, { generation }: Claim, rules: LockRules): Promise<readonly Seen[] | null> {
  const others = (await look(files, rules)).filter((each) => each.generation !== generation);
  if (others.some(({ isAlive }) => isAlive)) return null;
  for (const dead of others) await removeOwn(files, dead);
  return others;
}

/** Null, and nothing is left behind, if another process created the generation or holds the lock. */
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
 * Acquires a lock that a killed process never leaves behind, without a daemon and without kernel locks, which Node
 * does not offer. A lock is a file that names its owner; its generation is part of its name.
 *
 * 1. Read all generations. A live owner of any generation holds the lock. A dead owner holds nothing, so SIGKILL frees
 *    the lock at once; a stopped process is alive. An owner that is not visible (another machine or container) is alive
 *    while it refreshes its file.
 * 2. Create the next generation. Of all processes that saw the same state, one succeeds, because the file is only
 *    created if it does not exist. The file appears complete (link(2)), so that a process killed here leaves its name,
 *    never an empty file. A dead owner's file is not replaced in place: a process with an outdated view would replace
 *    its successor's file.
 * 3. Read again: this process may have slept between 1 and 2 while others took and released the lock, and numbers are
 *    reused. If another owner is alive, withdraw and start over.
 * 4. Remove the generations of dead owners.
 * 5. To release the lock, remove the own file.
 *
 * Why there are never two holders: only a live owner removes its own file. Each of two holders would have read (3)
 * after it created its file, so the later reader saw the other's file, alive, and withdrew. And the files removed in 4
 * still belong to the dead owners seen in 3: only a holder removes them, and there is no other.
 *
 * The exception is an owner that is not visible and was stopped for longer than `staleMs`. Its file is removed before
 * the next holder proceeds, so a holder must check its own file before every exclusive step.
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
