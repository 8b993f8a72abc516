import { parseHostPattern } from '../../domain/host-pattern.ts';
import { hostOf } from '../../domain/page-url.ts';
import { HostTree } from './host-tree.ts';
import { isAmbiguousUrl } from './page-check.ts';

/** The keys `policy.*` of the configuration: which pages a team may work on. */
export interface Policy {
  /** Where not empty, only hosts that one of these matches are allowed. */
  readonly allow: readonly string[];
  /** Beats `allow`. */
  readonly deny: readonly string[];
}

export type PolicyDecision = { readonly allowed: true } | { readonly allowed: false; readonly rule: string };

/** A policy is about whole hosts. */
const anyPage = { pathname: '/' };

/** A list of patterns decides about every row of a batch, and is read once. */
const readLists = new WeakMap<readonly string[], HostTree<string>>();

function readPatterns(patterns: readonly string[]): HostTree<string> {
  const known = readLists.get(patterns);
  if (known !== undefined) return known;
  const tree = new HostTree<string>();
  for (const text of patterns) {
    const parsed = parseHostPattern(text);
    // A deny rule that is passed over would fail open.
    if ('error' in parsed) throw new RangeError(`the pattern ${text} ${parsed.error}`);
    if (parsed.value.scope === 'path') throw new RangeError(`the pattern ${text} has a path`);
    tree.set(parsed.value, text);
  }
  readLists.set(patterns, tree);
  return tree;
}

/**
 * Whether a task on `pageurl` may be sent, and if not, by which rule. A task without a page (an image) passes; a page
 * whose host cannot be told passes only where there are no rules. Throws `RangeError` for a pattern that is no host
 * pattern, which the configuration refuses.
 */
export function decidePolicy({ allow, deny }: Policy, pageurl: string | null): PolicyDecision {
  if (pageurl === null || (allow.length === 0 && deny.length === 0)) return { allowed: true };
  if (isAmbiguousUrl(pageurl)) return { allowed: false, rule: 'policy (the page is not a plain URL)' };
  const host = hostOf(pageurl);
  if (host === null) return { allowed: false, rule: 'policy (the page is not a URL)' };
  const denied = readPatterns(deny).find(host, anyPage);
  if (denied !== null) return { allowed: false, rule: `policy.deny ${denied}` };
  if (allow.length === 0 || readPatterns(allow).find(host, anyPage) !== null) return { allowed: true };
  return { allowed: false, rule: `policy.allow (no pattern matches ${host})` };
}
