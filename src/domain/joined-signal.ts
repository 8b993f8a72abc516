/** A signal that aborts with the first of its sources, until it is released. */
export interface JoinedSignal {
  readonly signal: AbortSignal;
  /** Must be called when the signal is no longer needed: until then its sources refer to it. */
  readonly release: () => void;
}

/** The joined signals by source. Each source has one listener: Node warns about a leak from the eleventh on. */
const joinedBySource = new WeakMap<AbortSignal, Set<AbortController>>();

function joinedOf(source: AbortSignal): Set<AbortController> {
  const known = joinedBySource.get(source);
  if (known !== undefined) return known;
  const joined = new Set<AbortController>();
  joinedBySource.set(source, joined);
  const abortAll = (): void => {
    for (const each of joined) each.abort(source.reason);
    joined.clear();
  };
  source.addEventListener('abort', abortAll, { once: true });
  return joined;
}

/**
 * Joins signals. `AbortSignal.any` is not used: on Node 20 it leaves an entry on a source that lives on, such as the
 * signal of a run, for every call.
 */
export function joinSignals(...sources: readonly AbortSignal[]): JoinedSignal {
  const joined = new AbortController();
  for (const source of sources) {
    if (source.aborted) joined.abort(source.reason);
    else joinedOf(source).add(joined);
  }
  const release = (): void => {
    for (const source of sources) joinedBySource.get(source)?.delete(joined);
  };
  return { signal: joined.signal, release };
}
