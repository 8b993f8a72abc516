import { parseHostPattern } from '../domain/host-pattern.ts';
import type { ConfigProblem } from './config-problem.ts';

/** The one spelling of what a rule matches, or what is wrong with it. */
function readMatch(match: string): { readonly canonical: string } | { readonly problem: string } {
  const parsed = parseHostPattern(match);
  if ('problem' in parsed) return parsed;
  const { scope, canonical } = parsed.pattern;
  return scope === 'all' ? { problem: 'matches every host: set routes.default instead' } : { canonical };
}

/**
 * Rules of `routes.rules`, by what they match, that are no host pattern or mean the same pages as an earlier one.
 * What is no text is passed over. No text is shown: a password may stand in it.
 */
export function ruleProblems(matches: readonly unknown[]): readonly ConfigProblem[] {
  const first = new Map<string, number>();
  return matches.flatMap((match, index) => {
    if (typeof match !== 'string') return [];
    const path = `routes.rules[${index}].match`;
    const read = readMatch(match);
    if ('problem' in read) return [{ path, problem: read.problem }];
    const earlier = first.get(read.canonical);
    if (earlier === undefined) first.set(read.canonical, index);
    return earlier === undefined
      ? []
      : [{ path, problem: `means the same as routes.rules[${earlier}].match: ${read.canonical}` }];
  });
}
