import { parseHostPattern } from '../../domain/host-pattern.ts';
import { hostOf } from '../../domain/page-url.ts';
import { HostTree } from './host-tree.ts';
import { isAmbiguousUrl } from './page-check.ts';

/** The keys `policy.*` of the configuration: the pages that tasks are allowed for. */
export interface Policy {
  /** If not empty, only hosts that match one of these patterns are allowed. */
  readonly allow: readonly string[];
  /** A second such list, of the user's own configuration: both must allow a host. Left out for none. */
  readonly ownAllow?: readonly string[];
  /** Takes precedence over `allow`. */
  readonly deny: readonly string[];
}

export type PolicyDecision = { readonly allowed: true } | { readonly allowed: false; readonly rule: string };

/** A policy applies to whole hosts, so the path does not matter. */
const anyPage = { pathname: '/' };

/** Cache of parsed lists: a list is checked for every row of a batch. */
const readLists = new WeakMap<readonly string[], HostTree<string>>();

function readPatterns(patterns: readonly string[]): HostTree<string> {
  const known = readLists.get(patterns);
  if (known !== undefined) return known;
  const tree = new HostTree<string>();
  for (const text of patterns) {
    const parsed = parseHostPattern(text);
    // Ignoring an invalid deny rule would fail open.
    if ('error' in parsed) throw new RangeError(`the pattern ${text} ${parsed.error}`);
    if (parsed.value.scope === 'path') throw new RangeError(`the pattern ${text} has a path`);
    tree.set(parsed.value, text);
  }
  readLists.set(patterns, tree);
  return tree;
}

function isAllowed(allow: readonly string[], host: string): boolean {
  return allow.length === 0 || readPatterns(allow).find(host, anyPage) !== null;
}

/**
 * Decides whether a task on `pageurl` may be sent, and if not, by which rule. A task without a page (an image) passes.
 * A page without a recognisable host passes only if there are no rules. Throws `RangeError` for an invalid host
 * pattern, which the configuration rejects.
 */
export function decidePolicy({ allow, deny, ownAllow = [] }: Policy, pageurl: string | null): PolicyDecision {
  if (pageurl === null || allow.length + deny.length + ownAllow.length === 0) return { allowed: true };
  if (isAmbiguousUrl(pageurl)) return { allowed: false, rule: 'policy (the page is not a plain URL)' };
  const host = hostOf(pageurl);
  if (host === null) return { allowed: false, rule: 'policy (the page is not a URL)' };
  const denied = readPatterns(deny).find(host, anyPage);
  if (denied !== null) return { allowed: false, rule: `policy.deny ${denied}` };
  if (!isAllowed(allow, host)) return { allowed: false, rule: `policy.allow (no pattern matches ${host})` };
  return isAllowed(ownAllow, host)
    ? { allowed: true }
    : { allowed: false, rule: `policy.allow of your own configuration (no pattern matches ${host})` };
}
