import type { RegionAnswer } from '../../ports/region-probe.ts';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseObject(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** The spellings of the key of each count. */
const workerKeys = ['activeWorkers', 'active_workers'];
const depthKeys = ['queueDepth', 'queue_depth'];

/** The first of these that is a count; null where none is. */
function countIn(said: Record<string, unknown>, keys: readonly string[]): number | null {
  return keys.map((key) => said[key]).find(isCount) ?? null;
}

/** The keys that hold something, and no count: that the program which wrote them is wrong must not stay unseen. */
function mistakeIn(said: Record<string, unknown>): string | null {
  const wrong = [workerKeys, depthKeys].flatMap((keys) => {
    const written = keys.find((key) => (said[key] ?? null) !== null);
    return written === undefined || countIn(said, keys) !== null ? [] : [`${written} is not a count`];
  });
  return wrong.length === 0 ? null : wrong.join(', ');
}

/** A status is one word; anything else could be a page, and is nobody's status. */
function word(written: unknown): string | null {
  const text = typeof written === 'string' ? written.trim().toLowerCase() : '';
  return /^[a-z][a-z_-]{0,31}$/.test(text) ? text : null;
}

/** What a health endpoint says, in either spelling of its keys; null where it is no JSON object. */
export function readHealth(body: string): RegionAnswer | null {
  const said = parseObject(body);
  if (said === null) return null;
  const mistake = mistakeIn(said);
  return {
    status: word(said['status']),
    activeWorkers: countIn(said, workerKeys),
    queueDepth: countIn(said, depthKeys),
    ...(mistake !== null && { mistake }),
  };
}
