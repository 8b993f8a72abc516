import { createHash } from 'node:crypto';
import { isObject } from '../../domain/json.ts';
import { type RegionStatus, regionStatuses } from '../../domain/region.ts';
import type { SeenStatus, StatusHistory } from '../../ports/state.ts';
import { readOwnFile, replaceServiceFile, type ServicePlace, withServiceFile } from './service-file.ts';

const ending = 'regions';
/** Several thousand regions. */
const maxBytes = 1024 * 1024;
/** What was not seen for this long is dropped. */
const keptForMs = 7 * 86_400_000;

/** A URL can hold a password. */
const keyOf = (url: string): string => createHash('sha256').update(url).digest('hex').slice(0, 16);

const isMoment = (value: unknown): value is number => Number.isFinite(value);

function seenIn(value: unknown): SeenStatus | null {
  if (!isObject(value)) return null;
  const { status, since, seenAt } = value;
  const known = regionStatuses.find((each): each is RegionStatus => each === status);
  return known !== undefined && isMoment(since) && isMoment(seenAt) ? { status: known, since, seenAt } : null;
}

/** The last known status of regions, in a file. A lost or damaged file counts as no history. */
export class RegionStatusFile implements StatusHistory {
  readonly #place: ServicePlace;

  constructor(place: ServicePlace) {
    this.#place = place;
  }

  read(urls: readonly string[]): ReadonlyMap<string, SeenStatus> {
    const found = withServiceFile(this.#place, ending, (path) => this.#parse(path)) ?? new Map<string, SeenStatus>();
    return new Map(
      urls.flatMap((url) => {
        const seen = found.get(keyOf(url));
        return seen === undefined ? [] : [[url, seen] as const];
      }),
    );
  }

  write(seen: ReadonlyMap<string, SeenStatus>): void {
    withServiceFile(this.#place, ending, (path) => {
      const all = new Map(this.#parse(path));
      for (const [url, status] of seen) all.set(keyOf(url), status);
      const latest = Math.max(...[...all.values()].map(({ seenAt }) => seenAt));
      const kept = [...all].filter(([, { seenAt }]) => latest - seenAt < keptForMs);
      replaceServiceFile(path, `${JSON.stringify(Object.fromEntries(kept))}\n`);
    });
  }

  #parse(path: string): ReadonlyMap<string, SeenStatus> {
    const text = readOwnFile(path, maxBytes)?.bytes.toString() ?? '{}';
    const content = parsed(text);
    const entries = isObject(content) ? Object.entries(content) : [];
    return new Map(
      entries.flatMap(([key, value]) => {
        const seen = seenIn(value);
        return seen === null ? [] : [[key, seen] as const];
      }),
    );
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
