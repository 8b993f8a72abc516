import type { Terminal } from '../../cli/terminal.ts';
import type { RegionRouter } from '../../core/routing/route-decision.ts';
import { maskSecrets } from '../../domain/mask-secrets.ts';
import { withTimeLimit } from '../../domain/time-limit.ts';
import type { UrlLine, UrlSource } from '../../ports/files.ts';
import type { Clock } from '../../ports/system.ts';
import type { CurrentFailoverPlan } from './current-failover-plan.ts';
import type { RouteRow, RouteStats, RouteText } from './route-row.ts';
import { renderBadUrl } from './view.ts';

/** What stands before a URL's path, as browsers read it: they take a backslash for a slash, and need neither. */
const beforePath = /^((?:[a-z][a-z\d+.-]*:)?[/\\]*)([^/\\?#]*)@/i;
/** Browsers pass over them, wherever they stand. */
const ignored = /[\u0000-\u001f]/g;
/** Longer texts are not URLs and are not read. */
const maxTextLength = 2_000;

/** A page's URL as it may be shown: a password in front of its host is `***`, and what is empty holds none. */
export function maskedUrl(url: string): string {
  if (!url.includes('@')) return url;
  return url.replace(ignored, '').replace(beforePath, (all, start: string, user: string) => {
    const colon = user.indexOf(':');
    if (user === '' || user === ':') return all;
    return `${start}${colon === -1 ? '' : user.slice(0, colon + 1)}***@`;
  });
}

/** The same for a text that is no URL, in which a password may stand anywhere; cut where it is absurdly long. */
export function maskedText(text: string): string {
  const masked = maskedUrl(text);
  return maskSecrets(masked.length > maxTextLength ? `${masked.slice(0, maxTextLength)}…` : masked);
}

/** An input that yields nothing for this time is waiting for its source. */
const pauseMs = 100;

export interface IdleOptions {
  readonly clock: Clock;
  /** Whether the caller waits for more than the next value; if not, no time is measured. */
  readonly isWaiting: () => boolean;
}

/** The values as they come, and null wherever the next one is long in coming. Who stops early closes the source itself. */
export async function* withIdleMarkers<T>(
  values: AsyncIterable<T>,
  { clock, isWaiting }: IdleOptions,
): AsyncGenerator<T | null> {
  const iterator = values[Symbol.asyncIterator]();
  for (;;) {
    const next = iterator.next();
    const isHere = next.then(
      () => true,
      () => true,
    );
    if (isWaiting() && (await withTimeLimit(isHere, { ms: pauseMs }, clock)) === null) yield null;
    const result = await next;
    if (result.done === true) return;
    yield result.value;
  }
}

/** What URLs are routed by. */
export interface Routing {
  readonly router: RegionRouter;
  /** By the region's name, free of passwords. */
  readonly queues: ReadonlyMap<string, string>;
  /** Null without `--health`. */
  readonly plan: CurrentFailoverPlan | null;
  readonly explain: boolean;
}

function faultyRow({ text, fault }: UrlLine, { plan, explain }: Routing): RouteRow {
  const nothing = { host: null, region: null, rule: null, strict: false };
  const decision = { ...nothing, reason: 'not a URL', error: fault };
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
  readonly stats: RouteStats;
  readonly clock: Clock;
  /** What the number of a URL counts: lines of an input, or arguments. */
  readonly place: 'line' | 'argument';
  /** Whether whole lines are taken for URLs, though they may be a CSV. */
  readonly mayBeCsv: boolean;
}

/** A header and a few records tell a CSV. */
const csvHintLines = 5;

function csvHint({ line, text }: UrlLine, { mayBeCsv }: RouteSinks): string {
  const isCsvLike = mayBeCsv && line <= csvHintLines && /[,;\t|]/.test(text);
  return isCsvLike ? '; if the input is CSV, add --column NAME' : '';
}

/** Writes a row for every URL, batch by batch, and as soon as the next one is long in coming: nothing is kept that was written. */
export async function routeUrls(source: UrlSource, routing: Routing, sinks: RouteSinks): Promise<void> {
  const { terminal, text, stats, clock, place } = sinks;
  const idleOptions = { clock, isWaiting: () => text.hasBuffered };
  for await (const lines of withIdleMarkers(source.batches, idleOptions)) {
    let written = lines === null ? text.release() : '';
    for (const line of lines ?? []) {
      const row = routeRow(line, routing);
      stats.record(row);
      written += text.add(row);
      if (row.decision.error !== null) {
        terminal.error(`${renderBadUrl(`${place} ${line.line}`, row)}${csvHint(line, sinks)}`);
      }
    }
    if (written !== '') await terminal.data(written);
  }
  if (stats.urls > 0) await terminal.data(text.end());
}
