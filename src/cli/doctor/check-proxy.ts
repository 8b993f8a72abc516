import { combined, failure, type Finding, ok, warning } from './finding.ts';
import type { Problem } from './problem.ts';

/** What the environment says about proxies. */
export interface ProxyFacts {
  /** The names of the proxy variables that are set. */
  readonly variables: readonly string[];
  /** The host that is asked. */
  readonly host: string;
  /** What requests to it go through, passwords masked, or why that cannot be told; null: they go directly. */
  readonly used: { readonly url: string; readonly exceptions: string } | { readonly problem: Problem } | null;
}

const unread = ['ALL_PROXY', 'all_proxy'];

function usedFinding({ used, host, variables }: ProxyFacts): Finding {
  if (used === null) return ok(variables.length === 0 ? 'none: direct connections' : `none is used for ${host}`);
  if ('problem' in used) return failure(used.problem.message, used.problem.hint);
  return ok(
    `${used.url} is used for ${host}${used.exceptions === '' ? '' : ` (but for NO_PROXY: ${used.exceptions})`}`,
  );
}

/** Both spellings with different values would be a riddle; one of them wins. */
function doubledFindings({ variables }: ProxyFacts): readonly Finding[] {
  const doubled = variables.filter((name) => name === name.toLowerCase() && variables.includes(name.toUpperCase()));
  return doubled.map((name) => ok(`${name} is read, ${name.toUpperCase()} is not: the lower case comes first`));
}

/** Through which proxy the service is asked. */
export function checkProxy(facts: ProxyFacts): Finding {
  const ignored = unread.filter((name) => facts.variables.includes(name));
  return combined([
    usedFinding(facts),
    ...doubledFindings(facts),
    ...ignored.map((name) => warning(`${name} is not read`, 'set HTTPS_PROXY, to an http:// or https:// proxy')),
  ]);
}
