import type { RegionRouter } from '../../core/routing/route-decision.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import type { Clock } from '../../ports/clock.ts';
import type { UrlLine, UrlSource } from '../../ports/url-source.ts';
import type { Terminal } from '../output/terminal.ts';
import { renderBadUrl } from '../output/route-view.ts';
import { maskedText, maskedUrl } from './masked-url.ts';
import type { PresentPlan } from './present-plan.ts';
import type { RouteRow, RouteText } from './route-row.ts';
import type { RouteTally } from './route-tally.ts';
import { withPauses } from './with-pauses.ts';

/** What URLs are routed by. */
export interface Routing {
  readonly router: RegionRouter;
  /** By the region's name, free of passwords. */
  readonly queues: ReadonlyMap<string, string>;
  /** Null where nobody asked for the health of the regions. */
  readonly plan: PresentPlan | null;
  readonly explain: boolean;
}

function faultyRow({ text, fault }: UrlLine, { plan, explain }: Routing): RouteRow {
  const nothing = { host: null, region: null, rule: null, strict: false };
  const decision = { ...nothing, reason: 'no URL', error: fault };
  const present = plan === null ? null : { effective: null };
  return { url: text, decision, queue: null, present, considered: explain ? [] : null };
}

/** Where the task of one URL goes. */
export function routeRow(line: UrlLine, routing: Routing): RouteRow {
  if (line.fault !== null) return faultyRow(line, routing);
  const { text } = line;
  const decision = routing.router.route(text);
  if (decision.error !== null) {
    return faultyRow({ ...line, text: maskedText(text), fault: maskSecrets(decision.error) }, routing);
  }
  const { plan, queues, explain } = routing;
  return {
    url: maskedUrl(text),
    decision,
    queue: decision.region === null ? null : (queues.get(decision.region) ?? null),
    present: plan === null ? null : { effective: plan.effective(decision, text) },
    considered: explain ? routing.router.explain(text) : null,
  };
}

export interface RouteSinks {
  readonly terminal: Terminal;
  readonly text: RouteText;
  readonly tally: RouteTally;
  readonly clock: Clock;
  /** What the number of a URL counts: lines of an input, or arguments. */
  readonly place: 'line' | 'argument';
  /** Whether whole lines are taken for URLs, though they may be a CSV. */
  readonly mayBeCsv: boolean;
}

/** A header and a few records tell a CSV. */
const tellingLines = 5;

function csvHint({ line, text }: UrlLine, { mayBeCsv }: RouteSinks): string {
  const isCsvLike = mayBeCsv && line <= tellingLines && /[,;\t|]/.test(text);
  return isCsvLike ? '; if this is a CSV, say --column NAME' : '';
}

/** Writes a row for every URL, batch by batch, and as soon as the next one is long in coming: nothing is kept that was written. */
export async function routeUrls(source: UrlSource, routing: Routing, sinks: RouteSinks): Promise<void> {
  const { terminal, text, tally, clock, place } = sinks;
  const patience = { clock, isWaiting: () => text.isHolding };
  for await (const lines of withPauses(source.batches, patience)) {
    let written = lines === null ? text.release() : '';
    for (const line of lines ?? []) {
      const row = routeRow(line, routing);
      tally.record(row);
      written += text.add(row);
      if (row.decision.error !== null) {
        terminal.error(`${renderBadUrl(`${place} ${line.line}`, row)}${csvHint(line, sinks)}`);
      }
    }
    if (written !== '') await terminal.result(written);
  }
  if (tally.urls > 0) await terminal.result(text.end());
}
