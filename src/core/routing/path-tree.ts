import { canonicalSegment, pathSegments } from '../../domain/path-segments.ts';

interface Branch<T> {
  value: T | null;
  readonly children: Map<string, Branch<T>>;
}

const emptyBranch = <T>(): Branch<T> => ({ value: null, children: new Map() });

/** Values under path prefixes of one host; the longest prefix of whole segments wins. */
export class PathTree<T> {
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
