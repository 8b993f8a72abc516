import * as v from 'valibot';
import type { FaultKind } from '../domain/fault.ts';
import { parseHostPattern } from '../domain/host-pattern.ts';
import { api } from './schema/api.ts';
import { failover, fleet, health, regions, results, routes, worker } from './schema/fleet.ts';
import { key, section, shape } from './schema/section.ts';
import { batch, breaker, budget, limits, polling, retry, solve } from './schema/solving.ts';
import { listOf, mapOf, mustBe, oneOf, text } from './schema/values.ts';

const faultKinds = [
  'transport',
  'timeout',
  'throttled',
  'unsolvable',
  'rejected',
  'account',
] as const satisfies readonly FaultKind[];

/** A pattern of another form would silently match nothing: a deny rule that fails open. */
const hostPattern = mustBe('a host, *.host, .host or *');
const hostPatterns = listOf(
  'host patterns',
  v.pipe(
    v.string(hostPattern),
    v.regex(/^(\*|(\*?\.)?[^\s*/:@?#]+)$/, hostPattern),
    v.check((written) => 'value' in parseHostPattern(written), hostPattern),
  ),
);

/**
 * The one truth about configuration: every key, its shape, range, unit and fallback. It reads a config file's content
 * and yields a `Config`, in which lengths of time are numbers named `…Ms` and missing keys have their defaults.
 */
export const configSchema = shape({
  api,
  solve,
  polling,
  retry,
  budget,
  limits,
  breaker,
  batch,
  worker,
  regions,
  routes,
  results,
  fleet,
  health,
  failover,
  errors: key('Overrides the fault kind of error codes.', mapOf(text('a code'), oneOf(...faultKinds)), {}),
  policy: section('Hosts for which tasks are allowed; deny overrides allow.', {
    allow: key('Allowed host patterns. If any are set, all other hosts are denied.', hostPatterns, []),
    deny: key('Denied host patterns.', hostPatterns, []),
  }),
});

type DeepReadonly<T> = T extends object ? { readonly [Name in keyof T]: DeepReadonly<T[Name]> } : T;

/** The complete and valid configuration. */
export type Config = DeepReadonly<v.InferOutput<typeof configSchema>> & {
  readonly policy: {
    /** `policy.allow` of the user's own file, which must allow a page, too; left out for none. */
    readonly ownAllow?: readonly string[];
  };
  readonly limits: {
    /** The file that sets them. `isFound`: it was neither named nor the user's own. Left out where nothing is limited. */
    readonly source?: { readonly file: string; readonly isFound: boolean };
  };
};
