import { wrapWords } from '../../cli/help.ts';
import { quantity } from '../../cli/format.ts';
import type { Style } from '../../cli/terminal.ts';
import { checkGroups, type CheckReport, type FindingStatus } from './finding.ts';

/** How a screen shows the list. */
export interface ViewOptions {
  /** Symbols on a terminal; words in a pipe or without colours. */
  readonly hasSigns: boolean;
  /** Columns of the screen; null where lines may be as long as they are. */
  readonly columns: number | null;
  readonly style: (style: Style, text: string) => string;
}

const shown: Record<FindingStatus, { readonly sign: string; readonly style: Style }> = {
  ok: { sign: '✔', style: 'green' },
  warning: { sign: '!', style: 'yellow' },
  failure: { sign: '✖', style: 'red' },
  skipped: { sign: '-', style: 'dim' },
};

const maxStatusWidth = 'warning'.length;
const maxCheckWidth = Math.max(...Object.values(checkGroups).flatMap((checks) => checks.map(({ length }) => length)));
/** Below this a line is not broken: a word on each line would be worse. */
const narrowestText = 24;

function block(text: string, indent: number, columns: number | null): readonly string[] {
  const width = columns === null ? Infinity : Math.max(columns - indent, narrowestText);
  const wrapping = { columns: width, indent: 0, end: '' };
  return text.split('\n').flatMap((line) => wrapWords('', line.trim().split(' '), wrapping).split('\n'));
}

function renderReport(
  { check, status, found, fix }: CheckReport,
  { hasSigns, columns, style }: ViewOptions,
): readonly string[] {
  const { sign, style: tone } = shown[status];
  const mark = hasSigns ? sign : status.padEnd(maxStatusWidth);
  const start = `  ${style(tone, mark)}  ${check.padEnd(maxCheckWidth)}  `;
  const indent = 2 + mark.length + 2 + maxCheckWidth + 2;
  const [first = '', ...rest] = block(found, indent, columns);
  const [firstFix = null, ...restFix] = fix === null ? [] : block(fix, indent + 'fix: '.length, columns);
  const fixLines = firstFix === null ? [] : [`fix: ${firstFix}`, ...restFix.map((line) => `     ${line}`)];
  return [`${start}${first}`, ...[...rest, ...fixLines].map((line) => `${' '.repeat(indent)}${line}`)];
}

/** The findings as a list, grouped by subject, each fix below its finding. */
export function renderDoctor(reports: readonly CheckReport[], look: ViewOptions): string {
  const groups = Object.entries(checkGroups).map(([group, checks]) => {
    const names: readonly string[] = checks;
    const own = reports.filter(({ check }) => names.includes(check));
    return [look.style('bold', group), ...own.flatMap((report) => renderReport(report, look))].join('\n');
  });
  return `${groups.join('\n\n')}\n`;
}

/** The number of checks by status, as a line. */
export function renderDoctorSummary(reports: readonly CheckReport[]): string {
  const count = (status: FindingStatus): number => reports.filter((report) => report.status === status).length;
  const bad = `${quantity(count('warning'), 'warning')}, ${quantity(count('failure'), 'failure')}`;
  return `${count('ok')} ok, ${bad}, ${count('skipped')} skipped`;
}
