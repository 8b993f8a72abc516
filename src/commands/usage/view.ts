import { formatMs, formatShare, quantity } from '../../cli/format.ts';
import { displayWidth, padToWidth } from '../../cli/display-width.ts';
import { wrapWords } from '../../cli/help.ts';
import { renderTable } from '../../cli/table.ts';
import type { ThreadReport, UsageFigures, UsageReport, UsageRow } from '../../core/solve/usage-report.ts';

/** What was used, by all processes or in a journal, with the verdict in words. */
export interface UsageSource extends UsageReport {
  /** The answer to: is the plan too small or too big, and where do the solves go? */
  readonly verdict: string;
}

/** A number keeps its unit. */
const unbroken = / (?!%|\d\d[ms]\b)/;
const timeOf = (ms: number | null): string => (ms === null ? '-' : formatMs(ms));
const secondsText = (seconds: number): string => formatMs(seconds * 1_000);
const rateOf = (rate: number | null): string => (rate === null ? '-' : formatShare(rate));
/** A number of threads: whole, or with one digit below ten. */
const threadsText = (count: number): string => (count < 9.95 ? count.toFixed(1).replace(/\.0$/, '') : count.toFixed(0));

const placeOf = ({ region, label }: UsageRow): string =>
  [region === null ? '' : ` in ${region}`, label === null ? '' : ` (label ${label})`].join('');

function planText({ plan, threads }: UsageReport): string {
  const { saturation, peakBusy, workSeconds } = threads;
  const count = threads.threads === null ? 'all threads' : quantity(threads.threads, 'thread');
  const full = `no thread was free in ${rateOf(saturation)} of the ${secondsText(workSeconds)} with tasks in work`;
  const peak = `at most ${threadsText(peakBusy ?? 0)} were busy`;
  switch (plan.fit) {
    case 'too-small':
      return `The plan is too small (${count}): ${full}. More threads would finish the same tasks sooner.`;
    case 'too-big':
      return `The plan is bigger than this load needs (${count}): ${peak}. ${quantity(plan.enough ?? 0, 'thread')} would be enough.`;
    case 'fits':
      return `The plan fits this load (${count}): ${peak}, and ${full}.`;
    case 'unknown':
      return threads.threads === null
        ? 'Whether the plan fits is not known: the service does not tell the number of threads.'
        : `Too little was seen to say whether the plan fits (${count}).`;
  }
}

function whereText({ rows: [first, ...others], total }: UsageReport): string {
  if (first === undefined) return '';
  const name = `${first.method}${placeOf(first)}`;
  if (others.length === 0) return `All tasks are ${name}.`;
  if (first.share === null) return `Most submissions go to ${name}: ${first.submissions} of ${total.submissions}.`;
  return `Most thread time goes to ${name}: ${formatShare(first.share)}.`;
}

/** The verdict in sentences. A journal says nothing of the plan. */
export function verdictOf(report: UsageReport, { isJournal }: { readonly isJournal: boolean }): string {
  const where = whereText(report);
  return isJournal ? where : [planText(report), where].filter((text) => text !== '').join(' ');
}

function cellsOf(row: UsageRow, hasLabels: boolean): readonly string[] {
  const { p50, p95 } = row.solveMs;
  return [
    ...[row.method, row.region ?? '-', ...(hasLabels ? [row.label ?? '-'] : [])],
    ...[String(row.submissions), rateOf(row.solveRate), timeOf(p50), timeOf(p95), secondsText(row.threadSeconds)],
  ];
}

/** A row in words, for a screen that is too narrow for the table. */
function rowWords(row: UsageRow): readonly string[] {
  const { p50, p95 } = row.solveMs;
  const counts = `${quantity(row.submissions, 'submission')}, ${rateOf(row.solveRate)} solved,`;
  return `${counts} p50 ${timeOf(p50)}, p95 ${timeOf(p95)}, ${secondsText(row.threadSeconds)} of thread time`.split(
    unbroken,
  );
}

/** The lines of a boxed table, and a blank on both sides of each cell. */
const boxWidth = (rows: readonly (readonly string[])[]): number =>
  (rows[0] ?? []).reduce(
    (sum, _, column) => sum + 3 + Math.max(...rows.map((row) => displayWidth(row[column] ?? ''))),
    1,
  );

function rowsText({ rows }: UsageReport, columns: number | null): string {
  const hasLabels = rows.some(({ label }) => label !== null);
  const head = ['method', 'region', ...(hasLabels ? ['label'] : []), 'sent', 'solved', 'p50', 'p95', 'threads'];
  const cells = rows.map((row) => cellsOf(row, hasLabels));
  if (columns === null || boxWidth([head, ...cells]) <= columns) return renderTable(head, cells, columns);
  return rows
    .map((row) => `${row.method}${placeOf(row)}\n${wrapWords('  ', rowWords(row), { columns, indent: 2, end: '' })}\n`)
    .join('');
}

function threadLines({ threads, meanBusy, peakBusy, saturation, workSeconds }: ThreadReport): [string, string][] {
  const busy = meanBusy === null ? '' : `, busy ${threadsText(meanBusy)} on average`;
  const peak = peakBusy === null ? '' : `, ${threadsText(peakBusy)} at most (average of 20 s)`;
  const limit =
    saturation === null ? 'unknown' : `${formatShare(saturation)} of ${secondsText(workSeconds)} with tasks in work`;
  return [
    ['threads', `${threads ?? 'unknown'}${busy}${peak}`],
    ['at the limit', limit],
  ];
}

function totalLines({ total, threads }: UsageReport, isJournal: boolean): [string, string][] {
  const { submissions, bounced, solved, failed, solveRate, possiblyCharged, expired, threadSeconds } = total;
  return [
    ['tasks', `${solved} solved, ${failed} failed${solveRate === null ? '' : ` (${formatShare(solveRate)} solved)`}`],
    ['submissions', `${submissions}${bounced === 0 ? '' : `, and ${bounced} more refused because no thread was free`}`],
    ['possibly charged', String(possiblyCharged)],
    ['expired unused', String(expired)],
    ['thread time', secondsText(threadSeconds)],
    ...(isJournal ? [] : threadLines(threads)),
  ];
}

function totalText(report: UsageReport, isJournal: boolean, columns: number | null): string {
  const lines = totalLines(report, isJournal);
  const indent = Math.max(...lines.map(([name]) => name.length)) + 2;
  return lines
    .map(([name, text]) =>
      wrapWords(padToWidth(name, indent), text.split(unbroken), { columns: columns ?? Infinity, indent, end: '' }),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** What was used as text: methods and regions, totals, and the verdict. */
export function renderUsage(
  source: UsageSource,
  {
    title,
    isJournal,
    columns,
  }: { readonly title: string; readonly isJournal: boolean; readonly columns: number | null },
): string {
  const wrapped = (text: string): string =>
    wrapWords('', text.split(unbroken), { columns: columns ?? Infinity, indent: 0, end: '' });
  const parts = [rowsText(source, columns), totalText(source, isJournal, columns), `${wrapped(source.verdict)}\n`];
  return `${wrapped(title)}\n${parts.join('\n')}`;
}

/** The columns of `--format csv`. */
export const csvColumns = [
  ...['source', 'method', 'region', 'label', 'submissions', 'bounced', 'solved', 'failed', 'solve_rate', 'p50_ms'],
  ...['p95_ms', 'thread_seconds', 'possibly_charged', 'expired', 'threads', 'saturation'],
];

const number = (value: number | null): string => (value === null ? '' : String(Math.round(value * 1_000) / 1_000));

const figureValues = (figures: UsageFigures): Readonly<Record<string, string>> => ({
  ...{ submissions: number(figures.submissions), bounced: number(figures.bounced), solved: number(figures.solved) },
  ...{ failed: number(figures.failed), solve_rate: number(figures.solveRate), p50_ms: number(figures.solveMs.p50) },
  ...{ p95_ms: number(figures.solveMs.p95), thread_seconds: number(figures.threadSeconds) },
  ...{ possibly_charged: number(figures.possiblyCharged), expired: number(figures.expired) },
});

/** The rows of a source for a CSV. What belongs to the account is in each of them. */
export function csvValues(source: string, { rows, threads }: UsageReport): readonly Readonly<Record<string, string>>[] {
  return rows.map((row) => ({
    ...{ source, method: row.method, region: row.region ?? '', label: row.label ?? '' },
    ...figureValues(row),
    ...{ threads: number(threads.threads), saturation: number(threads.saturation) },
  }));
}
