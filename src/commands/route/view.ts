import { jsonText, withoutControls } from '../../cli/control-characters.ts';
import { displayWidth, padToWidth } from '../../cli/display-width.ts';
import { quantity } from '../../cli/format.ts';
import { formatTargets } from '../../cli/regions/health-format.ts';
import type { FailoverMove } from '../../core/regions/failover-plan.ts';
import type { RuleConsidered } from '../../core/routing/route-decision.ts';
import type { RouteRow, RouteSummary } from './route-row.ts';

/** The columns of the table. */
export function routeHead(showsPresent: boolean): readonly string[] {
  return showsPresent
    ? ['URL', 'host', 'assigned', 'effective', 'rule', 'queue']
    : ['URL', 'host', 'region', 'rule', 'queue'];
}

/** The cells of a row under them. A URL that is none says so where its rule would stand. */
export function routeCells({ url, decision, queue, present }: RouteRow): readonly string[] {
  const { host, region, rule, error } = decision;
  const effective = present === null ? [] : [present.effective ?? (region === null ? '' : '(held)')];
  const decided = error === null ? (rule ?? '(none)') : `error: ${error}`;
  return [url, host ?? '', region ?? '', ...effective, decided, queue ?? ''].map(withoutControls);
}

/** The rules that were considered for one URL, as the block below its row: `>` marks the one that decided. */
export function renderConsidered(considered: readonly RuleConsidered[], decided: string | null): string {
  const rules = considered.map(({ rule }) => withoutControls(rule));
  const width = Math.max(0, ...rules.map(displayWidth));
  const lines = considered.map(({ rule, region, matches, reason }, index) => {
    const mark = matches && rule === decided ? '>' : ' ';
    return `  ${mark} ${padToWidth(rules[index] ?? '', width)}  ${withoutControls(`${region}: ${reason}`)}\n`;
  });
  return lines.join('');
}

const maxShownLength = 80;

/** Why a text is not a URL, as a line. */
export function renderBadUrl(place: string, { url, decision }: RouteRow): string {
  const shown = url.length > maxShownLength ? `${url.slice(0, maxShownLength)}…` : url;
  const text = shown === '' ? '' : `, ${jsonText(shown)}`;
  return `${place}${text}: ${withoutControls(decision.error ?? '')}`;
}

const percent = (ratio: number): string => `${(ratio * 100).toFixed(1).replace(/\.0$/, '')} %`;

function shares(counts: readonly { readonly region: string; readonly count: number }[], total: number): string {
  return counts.map(({ region, count }) => `${region} ${count} (${percent(count / total)})`).join(', ');
}

const renderMove = (move: FailoverMove): string => `failover: ${move.from} -> ${formatTargets(move)} (${move.reason})`;

/** The number of URLs from which shares are meaningful, and the share that counts as nearly all. */
const minTypicalUrls = 20;
const nearlyAllRatio = 0.9;

function warnings({ byRegion, routed, regionCount, unreachable }: RouteSummary): readonly string[] {
  const [first] = byRegion;
  const found: string[] = [];
  if (first !== undefined && routed >= minTypicalUrls && regionCount > 1 && first.count / routed >= nearlyAllRatio) {
    const share = percent(first.count / routed);
    found.push(`${first.region} gets ${share} of the URLs; to route hosts to other regions, add routes.rules`);
  }
  if (unreachable.length > 0) {
    found.push(`no rule, country or default routes to ${unreachable.join(', ')}; add a rule to routes.rules`);
  }
  return found.map((text) => `warning: ${text}`);
}

/** The shares per region and probable mistakes, as text. */
export function renderRouteSummary(summary: RouteSummary): string {
  const { urls, routed, byRegion, withoutRegion, bad, present } = summary;
  const lines = [`${quantity(urls, 'URL')}${routed === 0 ? '' : `: ${shares(byRegion, routed)}`}`];
  if (present !== null) {
    const held = present.held === 0 ? [] : [{ region: '(held)', count: present.held }];
    if (routed > 0) lines.push(`with failover: ${shares([...present.byRegion, ...held], routed)}`);
    lines.push(...present.moves.map(renderMove));
  }
  if (withoutRegion > 0) lines.push(`${withoutRegion} without a region: no rule matches and routes.default is not set`);
  if (bad > 0) lines.push(`${bad} bad`);
  return [...lines, ...warnings(summary)].map(withoutControls).join('\n');
}
