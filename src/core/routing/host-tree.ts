import type { HostPattern } from '../../domain/host-pattern.ts';
import { LabelMap } from './label-map.ts';
import { PathTree } from './path-tree.ts';

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

const branchOf = <T>(label: string): Branch<T> => ({ label, exact: null, below: null, paths: null, children: null });

function childOf<T>(branch: Branch<T>, label: string): Branch<T> {
  branch.children ??= new LabelMap();
  const known = branch.children.before(label, label.length);
  if (known !== null) return known;
  const child = branchOf<T>(label);
  branch.children.add(child);
  return child;
}

/** Values of host patterns, found by walking a host's labels from the last to the first; the most specific one wins. */
export class HostTree<T> {
  readonly #root = branchOf<T>('');

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
