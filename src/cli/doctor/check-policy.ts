import type { Policy } from '../../core/routing/policy.ts';
import { hostOf } from '../../domain/host-of.ts';
import { combined, type Finding, ok, warning } from './finding.ts';

/** A pattern in comparable form: `*`, `.example.com` for a suffix, or a host. */
function canonical(pattern: string): string {
  const suffix = pattern.startsWith('*.') ? pattern.slice(1) : pattern;
  if (pattern === '*' || !suffix.startsWith('.')) return hostOf(pattern) ?? pattern;
  return `.${hostOf(suffix.slice(1)) ?? suffix.slice(1)}`;
}

/** Whether one pattern matches whatever the other one matches. */
function covers(wide: string, narrow: string): boolean {
  const [outer, inner] = [wide === '*' ? '*' : canonical(wide), narrow === '*' ? '*' : canonical(narrow)];
  if (outer === '*' || outer === inner) return true;
  return inner !== '*' && outer.startsWith('.') && inner.endsWith(outer);
}

function swallowed({ allow, deny }: Policy): readonly Finding[] {
  return allow.flatMap((pattern) => {
    const by = deny.find((denied) => covers(denied, pattern));
    if (by === undefined) return [];
    const fix = 'deny beats allow: take the one or the other away';
    return [warning(`policy.allow ${pattern} never allows anything: policy.deny ${by} refuses all of it`, fix)];
  });
}

/** Whether the patterns of the policy do what they seem to. */
export function checkPolicy(policy: Policy): Finding {
  const { allow, deny } = policy;
  if (allow.length === 0 && deny.length === 0) return ok('none: tasks for every page are allowed');
  if (deny.includes('*'))
    return warning('policy.deny * refuses every page', 'take it away, or list the hosts to refuse');
  return combined([ok(`${allow.length} allowed, ${deny.length} denied`), ...swallowed(policy)]);
}
