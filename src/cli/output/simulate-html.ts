import type { Comparison, ComparisonRow } from '../../core/simulate/compare-strategies.ts';
import { renderSvg } from './simulate-svg.ts';
import { comparisonCells, comparisonHead, describeScenario, protectionName } from './simulate-view.ts';

const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #5b6470; --line: #d7dce2; --page: #fff; --outage: #f3c6c6;
  --bare: #c2410c; --budget: #0f766e; --breaker: #6d28d9; --both: #1d4ed8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --dim: #9aa4b0; --line: #333a43; --page: #14171b;
  --outage: #55292b; --bare: #fb923c; --budget: #2dd4bf; --breaker: #a78bfa; --both: #60a5fa; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 70rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem } h2 { font-size: 1.05rem; margin: 2rem 0 .3rem } p { color: var(--dim) }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .2rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left }
svg { width: 100%; height: auto } svg text { fill: var(--dim); font-size: 11px } .grid { stroke: var(--line) }
.outage { fill: var(--outage) } .curve { fill: none; stroke-width: 1.5; stroke-linejoin: round }
.bare { stroke: var(--bare); color: var(--bare) } .budget { stroke: var(--budget); color: var(--budget) }
.breaker { stroke: var(--breaker); color: var(--breaker) } .both { stroke: var(--both); color: var(--both) }
.legend span { margin-right: 1.2rem; white-space: nowrap } .legend span::before { content: '— '; font-weight: bold }`;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => escapes[character] ?? character);
}

const row = (tag: 'th' | 'td', cells: readonly string[]): string =>
  `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;

function classOf({ budget, breaker }: ComparisonRow): string {
  if (budget && breaker) return 'both';
  if (budget) return 'budget';
  return breaker ? 'breaker' : 'bare';
}

function figureOf(strategy: string, { scenario, rows }: Comparison): string {
  const own = rows.filter((each) => each.strategy === strategy);
  const curves = own.map((each) => ({ className: classOf(each), values: each.load }));
  const legend = own.map((each) => {
    const name = protectionName(each) === '-' ? 'no protection' : protectionName(each);
    return `<span class="${classOf(each)}">${escaped(name)}</span>`;
  });
  return `<h2>${escaped(strategy)}</h2>\n<p class="legend">${legend.join('')}</p>\n${renderSvg(curves, scenario)}`;
}

/** The comparison as a page of its own: every figure and every curve, and nothing from anywhere else. */
export function renderHtml(comparison: Comparison): string {
  const { scenario, rows } = comparison;
  const strategies = [...new Set(rows.map(({ strategy }) => strategy))];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>captcha simulate</title><style>${style}
</style></head><body>
<h1>What an outage does to retries</h1>
<p>${escaped(describeScenario(scenario))}</p>
<div class="wide"><table><thead>${row('th', comparisonHead)}</thead><tbody>
${rows.map((each) => row('td', comparisonCells(each))).join('\n')}
</tbody></table></div>
<p>Submissions per second; the outage is shaded. Every curve has the scale of its own strategy.</p>
${strategies.map((strategy) => figureOf(strategy, comparison)).join('\n')}
</body></html>
`;
}
