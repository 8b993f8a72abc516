import { combined, failure, type Finding, ok, skipped, warning } from './finding.ts';
import type { Problem } from './problem.ts';

/** What the routes lead to. */
export interface RouteFacts {
  readonly regions: readonly string[];
  readonly default: string | null;
  readonly countries: boolean;
  readonly ruleCount: number;
  /** The regions that no rule, country or default leads to, or why the routes cannot be used. */
  readonly unreachable: { readonly value: readonly string[] } | { readonly problem: Problem };
}

function summary({ ruleCount, countries, default: fallback }: RouteFacts): string {
  const rules = `${ruleCount} rule${ruleCount === 1 ? '' : 's'}`;
  return `${rules}, countries ${countries ? 'on' : 'off'}, the rest to ${fallback ?? 'no region'}`;
}

function reachFinding(unreachable: readonly string[], { regions }: RouteFacts): readonly Finding[] {
  const reached = regions.filter((name) => !unreachable.includes(name));
  if (unreachable.length === 0 || reached.length === 0) return [];
  const isOne = reached.length === 1 && regions.length > 1;
  const found = isOne ? `everything goes to ${reached.join('')}` : `nothing leads to ${unreachable.join(', ')}`;
  const fix = 'add routes.rules, or set routes.countries to true; captcha route --file URLS shows the shares';
  return [warning(found, fix)];
}

/** Whether the rules lead somewhere, and to every region. */
export function checkRoutes(facts: RouteFacts): Finding {
  if (facts.regions.length === 0) return skipped('no regions are configured');
  if ('problem' in facts.unreachable) return failure(facts.unreachable.problem.message, facts.unreachable.problem.hint);
  const noDefault = warning('what no rule matches has no region', 'set routes.default');
  return combined([
    ok(summary(facts)),
    ...(facts.default === null ? [noDefault] : []),
    ...reachFinding(facts.unreachable.value, facts),
  ]);
}
