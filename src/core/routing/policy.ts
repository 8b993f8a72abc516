import { hostOf } from '../../domain/host-of.ts';

/** The keys `policy.*` of the configuration: which pages a team may work on. */
export interface Policy {
  /** Where not empty, only hosts that one of these matches are allowed. */
  readonly allow: readonly string[];
  /** Beats `allow`. */
  readonly deny: readonly string[];
}

export type PolicyDecision = { readonly allowed: true } | { readonly allowed: false; readonly rule: string };

/**
 * Whether a host pattern matches a host: `*` matches all, `*.example.com` and `.example.com` match its subdomains by whole labels and
 * not the apex, anything else matches that host alone.
 */
function matches(pattern: string, host: string): boolean {
  if (pattern === '*') return true;
  const suffix = pattern.startsWith('*.') ? pattern.slice(1) : pattern;
  if (!suffix.startsWith('.')) return hostOf(suffix) === host;
  return host.endsWith(`.${hostOf(suffix.slice(1)) ?? ''}`);
}

/**
 * Whether a task on `pageurl` may be sent, and if not, by which rule. A task without a page (an image) passes; a page
 * whose host cannot be told passes only where there are no rules.
 */
export function decidePolicy({ allow, deny }: Policy, pageurl: string | null): PolicyDecision {
  if (pageurl === null || (allow.length === 0 && deny.length === 0)) return { allowed: true };
  const host = hostOf(pageurl);
  if (host === null) return { allowed: false, rule: 'policy (the page is not a URL)' };
  const denied = deny.find((pattern) => matches(pattern, host));
  if (denied !== undefined) return { allowed: false, rule: `policy.deny ${denied}` };
  if (allow.length === 0 || allow.some((pattern) => matches(pattern, host))) return { allowed: true };
  return { allowed: false, rule: `policy.allow (no pattern matches ${host})` };
}
