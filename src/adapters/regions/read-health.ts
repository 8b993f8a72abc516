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

/** The first of these that is a count; null where none is. */
function count(...written: readonly unknown[]): number | null {
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  return written.find(isCount) ?? null;
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
  return {
    status: word(said['status']),
    activeWorkers: count(said['activeWorkers'], said['active_workers']),
    queueDepth: count(said['queueDepth'], said['queue_depth']),
  };
}
