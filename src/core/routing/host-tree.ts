import type { HostPattern } from '../../domain/host-pattern.ts';
import { canonicalSegment, pathSegments } from '../../domain/page-url.ts';

const fullStop = 46;
/** Keeps a hash a small integer, which needs no memory of its own. */
const smallInteger = 0x3fff_ffff;

const hashedWith = (hash: number, code: number): number => (Math.imul(hash, 31) + code) & smallInteger;

/** A hash of the label that ends before `end`. */
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
 * Things by a label of a host, found in the host without cutting the label out of it: to do so takes longer than all
 * else that routing does, save to parse the URL.
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

  /** The one of the label that ends before `end`: at the end of `host`, or at a full stop in it. */
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

  /** `segments` are canonical. */
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

/** What is said about one host, by itself and as the end of longer ones. */
interface Branch<T> {
  readonly label: string;
  /** Of the host itself. */
  exact: T | null;
  /** Of the hosts below it. */
  below: T | null;
  paths: PathTree<T> | null;
  /** By the next label to the left; null for none, so that nothing is looked up there. */
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

/** Values of host patterns, found by walking a host's labels from the last to the first; the most specific one wins. */
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
   * The value that is nearest to a page: of a path prefix, of its host, of the longest suffix, of all; else null. `host` is
   * that of `page` as `hostOf` writes it.
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
