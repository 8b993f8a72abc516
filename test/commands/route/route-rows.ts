import type { RouteRow } from '../../../src/commands/route/route-row.ts';
import type { RouteDecision } from '../../../src/core/routing/route-decision.ts';

export type SpecialRow = Partial<Omit<RouteRow, 'decision'>> & { readonly decision?: Partial<RouteDecision> };

/** A URL that an exact rule sends to eu-west-1, but for what is special about it. */
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

/** What stands where a text is no URL. */
export const badDecision = { host: null, region: null, rule: null, reason: 'no URL', error: 'not a URL' };
