import type { RouteRow } from '../../../src/commands/route/route-row.ts';
import type { RouteDecision } from '../../../src/core/routing/route-decision.ts';

export type SpecialRow = Partial<Omit<RouteRow, 'decision'>> & { readonly decision?: Partial<RouteDecision> };

/** A URL that an exact rule routes to eu-west-1, with these differences. */
export function aRow({ decision, ...special }: SpecialRow = {}): RouteRow {
  return {
    url: 'https://shop.example.de/login',
    decision: {
      host: 'shop.example.de',
      region: 'eu-west-1',
      rule: 'shop.example.de',
      reason: 'exact host',
      strict: false,
      error: null,
      ...decision,
    },
    queue: 'sqs://tasks-eu',
    present: null,
    considered: null,
    ...special,
  };
}

/** The decision for a text that is not a URL. */
export const badDecision = { host: null, region: null, rule: null, reason: 'no URL', error: 'not a URL' };
