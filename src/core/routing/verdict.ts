import { type HostPattern, parseHostPattern } from '../../domain/host-pattern.ts';
import type { Routes } from './route-decision.ts';

/** What a rule, a country or the default decides, whatever the page: the part of a `RouteDecision` that can be known before. */
export interface RouteVerdict {
  readonly region: string | null;
  readonly rule: string | null;
  readonly reason: string;
  readonly strict: boolean;
}

/** A rule of the configuration with its pattern read. */
export interface CompiledRule {
  readonly pattern: HostPattern;
  readonly verdict: RouteVerdict;
}

const scopes = ['path', 'host', 'below', 'all'] as const;
const reasons = { path: 'path prefix', host: 'exact host', below: 'host suffix', all: 'every host' } as const;

function compileRule({ match, region, residency }: Routes['rules'][number]): CompiledRule {
  const parsed = parseHostPattern(match);
  if ('problem' in parsed) throw new RangeError(`the rule ${match} ${parsed.problem}`);
  const { pattern } = parsed;
  return { pattern, verdict: { region, rule: match, reason: reasons[pattern.scope], strict: residency === 'strict' } };
}

const labelCount = ({ host }: HostPattern): number => host.split('.').length;

function bySpecificity({ pattern: a }: CompiledRule, { pattern: b }: CompiledRule): number {
  const scope = scopes.indexOf(a.scope) - scopes.indexOf(b.scope);
  return scope || b.segments.length - a.segments.length || labelCount(b) - labelCount(a);
}

/** The rules, most specific first. Throws `RangeError` for one without a pattern, which the configuration refuses. */
export function compileRules(rules: Routes['rules']): readonly CompiledRule[] {
  return rules.map(compileRule).sort(bySpecificity);
}

/** What holds for pages that nothing else decides about; `because` says why nothing does. */
export function defaultVerdict(region: string | null, because: string): RouteVerdict {
  if (region === null) return { region, rule: null, reason: `${because}, and there is no default`, strict: false };
  return { region, rule: 'default', reason: because, strict: false };
}
