import type { HostPattern } from '../../domain/host-pattern.ts';
import { canonicalSegment, pathSegments } from '../../domain/page-url.ts';

const fullStop = 46;
/** Keeps a hash within V8's small integers, which need no heap allocation. */
const smallInteger = 0x3fff_ffff;

const hashedWith = (hash: number, code: number): number => (Math.imul(hash, 31) + code) & smallInteger;

/** The hash of the label that ends before `end`. */
function hashBefore(host: string, end: number): number {
  let hash = 0;
  for (let index = end - 1; index >= 0; index -= 1) {
    const code = host.charCodeAt(index);
    if (code === fullStop) break;
    hash = hashedWith(hash, code);
  }
  return hash;
}

/**
 * A map keyed by one label of a host. It looks the label up in place: cutting it out of the host would take longer than
 * the rest of the routing, URL parsing aside.
 */
export class LabelMap<T extends { readonly label: string }> {
  readonly #buckets = new Map<number, T[]>();

  add(thing: T): void {
    const { label } = thing;
    const hash = hashBefore(label, label.length);
    const bucket = this.#buckets.get(hash) ?? [];
    bucket.push(thing);
    this.#buckets.set(hash, bucket);
  }

  /** The entry of the label that ends before `end`: the end of `host`, or the index of a dot in it. */
  before(host: string, end: number): T | null {
    const bucket = this.#buckets.get(hashBefore(host, end));
    if (bucket === undefined) return null;
    for (const thing of bucket) {
      const start = end - thing.label.length;
      const isWhole = start === 0 || host.charCodeAt(start - 1) === fullStop;
      if (isWhole && host.startsWith(thing.label, start)) return thing;
    }
    return null;
  }
}

interface PathBranch<T> {
  value: T | null;
  readonly children: Map<string, PathBranch<T>>;
}

const emptyBranch = <T>(): PathBranch<T> => ({ value: null, children: new Map() });

/** Values under path prefixes of one host; the longest prefix of whole segments wins. */
class PathTree<T> {
  readonly #root = emptyBranch<T>();

  /** `segments` must be canonical. */
  set(segments: readonly string[], value: T): void {
    let branch = this.#root;
    for (const segment of segments) {
      const child = branch.children.get(segment) ?? emptyBranch<T>();
      branch.children.set(segment, child);
      branch = child;
    }
    branch.value = value;
  }

  /** The value of the longest prefix of a URL's `pathname`, or null. */
  find(pathname: string): T | null {
    let branch = this.#root;
    let best: T | null = null;
    for (const segment of pathSegments(pathname)) {
      const child = branch.children.get(canonicalSegment(segment));
      if (child === undefined) break;
      branch = child;
      best = child.value ?? best;
    }
    return best;
  }
}

/** The values for one host label, for the host itself and for longer hosts that end with it. */
interface Branch<T> {
  readonly label: string;
  /** The value for the host itself. */
  exact: T | null;
  /** The value for its subdomains. */
  below: T | null;
  paths: PathTree<T> | null;
  /** Children by the next label to the left; null if there are none, which saves the look-up. */
  children: LabelMap<Branch<T>> | null;
}

const createBranch = <T>(label: string): Branch<T> => ({
  label,
  exact: null,
  below: null,
  paths: null,
  children: null,
});

function childOf<T>(branch: Branch<T>, label: string): Branch<T> {
  branch.children ??= new LabelMap();
  const known = branch.children.before(label, label.length);
  if (known !== null) return known;
  const child = createBranch<T>(label);
  branch.children.add(child);
  return child;
}

/** Values by host pattern. The look-up walks a host's labels from last to first; the most specific value wins. */
export class HostTree<T> {
  readonly #root = createBranch<T>('');

  set({ scope, host, segments }: Omit<HostPattern, 'canonical'>, value: T): void {
    const labels = host === '' ? [] : host.split('.').reverse();
    const branch = labels.reduce(childOf<T>, this.#root);
    if (scope === 'host') branch.exact = value;
    else if (scope === 'path') (branch.paths ??= new PathTree()).set(segments, value);
    else branch.below = value;
  }

  /**
   * The most specific value for a page: path prefix, exact host, longest suffix, catch-all, else null. `host` is the
   * host of `page` in the form of `hostOf`.
   */
  find(host: string, page: Pick<URL, 'pathname'>): T | null {
    let { children, below: best } = this.#root;
    let end = host.length;
    while (children !== null) {
      const branch: Branch<T> | null = children.before(host, end);
      if (branch === null) break;
      end -= branch.label.length + 1;
      if (end < 0) return branch.paths?.find(page.pathname) ?? branch.exact ?? best;
      best = branch.below ?? best;
      children = branch.children;
    }
    return best;
  }
}
