import type { ProcessIdentity } from '../../state/process-identity.ts';

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
