import { formatMs, quantity } from '../../cli/format.ts';
import { discarded } from '../../cli/outcome-view.ts';
import { renderFailures, renderRegionTotals, renderTimes } from '../../cli/report-view.ts';
import type { ColumnPlan } from '../../cli/input-columns.ts';
import type { InputSummary } from '../../core/batch/input-summary.ts';
import type { StopReason } from '../../core/batch/stop-rules.ts';
import { shownName } from '../../domain/written-name.ts';
import { type BatchSummary, isFinal } from './summary.ts';

const counted = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name === '' ? '(none)' : name} ${count}`)
    .join(', ');

/** Longer lists of columns are cut. */
const maxColumns = 40;

const listed = (names: readonly string[]): string => {
  const rest = names.length > maxColumns ? ` and ${names.length - maxColumns} more` : '';
  return names.length === 0 ? 'none' : `${names.slice(0, maxColumns).join(', ')}${rest}`;
};

function used(columns: Readonly<Record<string, string>>): string {
  const shown = ([column, name]: [string, string]): string =>
    column === name ? column : `${shownName(column)} as ${shownName(name)}`;
  return listed(Object.entries(columns).map(shown));
}

/** Which columns of an input are sent and which are not, on one line. */
export function renderColumns({ sent, read, carried, replaced }: ColumnPlan): string {
  const lost = replaced.length === 0 ? '' : `; replaced in the output by the result: ${listed(replaced)}`;
  const readHere = Object.keys(read).length === 0 ? '' : `; read here: ${used(read)}`;
  return `columns sent: ${used(sent)}${readHere}; copied, never sent: ${listed(carried.map(shownName))}${lost}`;
}

/** What happens to a column that only later records of JSON Lines have. */
export function renderLater(column: string, { isLost, isUnknown }: { isLost: boolean; isUnknown: boolean }): string {
  const shown = `column ${shownName(column)} of a later record`;
  if (!isLost) return `${shown} is copied to the output, never sent`;
  const use = isUnknown ? 'is neither sent nor' : 'is used, but not';
  return `${shown} ${use} in the CSV output, whose columns are those of the first record: use --format jsonl`;
}

/** A hint that a copied column was perhaps meant to be sent. */
export function renderMeant(column: string, meant: string): string {
  const shown = shownName(column);
  const map = shown === column ? `${column}=${meant}` : shownName(`${column}=${meant}`);
  return `column ${shown} is copied, not sent: did you mean --map ${map}?`;
}

/** What an input contains apart from its records. */
export interface InputColumns {
  /** How many records hold nothing. */
  readonly empty: number;
  readonly columns: ColumnPlan;
}

/** The content of an input as text. */
export function renderInputSummary(
  { rows, bad, byMethod, byRegion }: InputSummary,
  { empty, columns }: InputColumns,
): string {
  const lines = [`rows     ${rows}`, `tasks    ${rows - bad}`, `invalid  ${bad}`];
  if (empty > 0) lines.push(`empty    ${empty}, skipped`);
  if (rows > bad) lines.push(`methods  ${counted(byMethod)}`, `regions  ${counted(byRegion)}`);
  lines.push(renderColumns(columns));
  return `${lines.join('\n')}\n`;
}

const reasons: Record<StopReason, string> = {
  interrupted: 'interrupted',
  account: 'account error that needs manual action',
  config: 'configuration error',
  local: 'a limit of this machine was reached',
  'max-failures': '--max-failures was reached',
  'max-submissions': '--max-submissions was reached',
  'max-duration': '--max-duration was reached',
  limit: '--limit was reached',
  input: 'the rest of the input cannot be read',
  'input-io': 'the rest of the input cannot be read',
  failure: 'an error',
};

function counts({ report, bad, empty }: BatchSummary): string {
  const parts = [`${report.solved} solved`, `${report.failed} failed`];
  if (bad > 0) parts.push(quantity(bad, 'invalid row'));
  if (empty > 0) parts.push(`${quantity(empty, 'empty row')} skipped`);
  if (report.possiblyCharged > 0) parts.push(`${report.possiblyCharged} possibly charged twice or without a result`);
  if (report.expired > 0) parts.push(`${report.expired} expired before they were written`);
  return parts.join(', ');
}

function effort({ report, submissionCount, requestCount }: BatchSummary): string {
  const { retriesGranted, retriesRefused, solved } = report;
  const submissions = quantity(submissionCount, 'submission');
  const retries = quantity(retriesGranted, 'retry', 'retries');
  const perSolved = solved === 0 ? '' : `, ${(requestCount / solved).toFixed(2)} requests per solved task`;
  return `${submissions}, ${retries} granted, ${retriesRefused} refused${perSolved}`;
}

/** How long the run took, and where its rows are. */
function timeAndPlace({ report, elapsedMs, output }: BatchSummary): string {
  const perSecond = ((report.solved + report.failed) * 1_000) / Math.max(1, elapsedMs);
  const rate = perSecond >= 0.1 ? `${perSecond.toFixed(1)} tasks/s` : `${(perSecond * 3_600).toFixed(0)} tasks/h`;
  const pace = perSecond === 0 ? '' : `, ${rate}`;
  return `${formatMs(elapsedMs)}${pace}${output === null ? '' : `; output: ${output}`}`;
}

/** That an earlier run is continued. `total`: tasks of the input; null if unknown. */
export function renderContinuing(
  done: number,
  total: number | null,
  open: { submitted: number; inDoubt: number },
): string {
  const parts = [
    `${done}${total === null ? '' : ` of ${total}`} done`,
    ...(open.submitted > 0 ? [`${open.submitted} to collect`] : []),
    ...(open.inDoubt > 0 ? [`${open.inDoubt} with an unknown submission`] : []),
  ];
  return `continuing: ${parts.join(', ')}`;
}

/** What this run did, or that there was nothing to do. */
function done(summary: BatchSummary): readonly string[] {
  const { report, rows, reason, bad, empty, submissionCount } = summary;
  const isIdle = report.solved + report.failed + submissionCount === 0 && reason === null;
  if (!isIdle || rows.solved + rows.failed === 0) {
    return [counts(summary), effort(summary), timeAndPlace(summary)];
  }
  const nothing = `nothing to do: ${quantity(rows.solved + rows.failed, 'task')} already finished`;
  return bad + empty === 0 ? [nothing] : [nothing, counts(summary)];
}

/** The output may hold more than this run did. */
function withEarlierRuns({ report, rows }: BatchSummary): string | null {
  if (rows.solved === report.solved && rows.failed === report.failed) return null;
  const reasons = rows.failed === 0 ? '' : ` (${counted(rows.byReason)})`;
  return `with earlier runs: ${rows.solved} solved, ${rows.failed} failed${reasons}`;
}

/** After an input row was edited or removed, the row of its old task remains in the output. */
function leftBehind({ orphanRows }: BatchSummary): string | null {
  if (orphanRows === 0) return null;
  const belong = quantity(orphanRows, 'row of the output belongs', 'rows of the output belong');
  return `${belong} to no task of the input (edited or removed there)`;
}

/** Tasks that were not resubmitted because another submission cannot succeed. */
function notBegunAgain({ usedUp }: BatchSummary): string | null {
  const parts = Object.entries(usedUp).map(([name, count]) => `${quantity(count, 'task')} with ${name}`);
  if (parts.length === 0) return null;
  return `not submitted again: ${parts.join(', ')}: each value can be submitted only once; put a fresh one into the row`;
}

/** The next step and its command. */
function nextStep({ reason, rows, usedUp }: BatchSummary, resume: string): string | null {
  // The journal names the base URL: under another one it is that of another run.
  if (reason === 'config') return `correct api.baseUrl and add --fresh, or continue where it is right: ${resume}`;
  if (reason === 'input') return `correct the input, then continue with the same command: ${resume}`;
  if (reason !== null) return `continue with the same command: ${resume}`;
  const mayBeSolved = Object.entries(rows.byReason).flatMap(([each, count]) => (isFinal(each) ? [] : count));
  // Where nothing else is left, the same command would find the same.
  if (mayBeSolved.reduce((sum, count) => sum + count, 0) <= Math.max(0, ...Object.values(usedUp))) return null;
  const again = / --retry-failed\b/.test(resume) ? resume : `${resume} --retry-failed`;
  return `retry failed tasks: ${again}`;
}

/** The summary of a run. `resume`: the command that continues it; null if nothing can. */
export function renderSummary(summary: BatchSummary, resume: string | null): string {
  const { report, reason, message, left } = summary;
  const lines = [...done(summary), renderTimes(report), renderRegionTotals(report.byRegion), renderFailures(report)];
  lines.push(withEarlierRuns(summary), leftBehind(summary), notBegunAgain(summary));
  if (reason !== null) {
    const undone = left === null ? '' : `; ${quantity(left, 'task')} left`;
    lines.push(`stopped: ${reasons[reason]}${message === null ? '' : ` (${message})`}${undone}`);
  }
  if (resume !== null) lines.push(nextStep(summary, resume));
  else if (reason === 'input' || reason === 'input-io')
    lines.push('correct the input and pass the rows after that line');
  return lines.filter((line) => line !== null).join('\n');
}

/** Where the rows are if the output was discarded. `resume`: the command that continues the run. */
export function renderDiscarded(resume: string): string {
  return `${discarded}: the rows are in the journal; write them with: ${resume} --export > FILE`;
}

/** What is left after an error ended a run. `left`: tasks without a row; null if unknown. */
export function renderLeft(error: unknown, left: number | null, resume: string): string {
  const isFull = error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
  const tasks = left === null ? 'finished tasks are kept' : `${quantity(left, 'task')} left; finished tasks are kept`;
  return `${tasks}\n${isFull ? 'free space, then ' : ''}continue with the same command: ${resume}`;
}

/** The tasks that stay in queues when a run ends early, by the region that they were sent to. */
export function renderQueued(countByRegion: ReadonlyMap<string, number>): string {
  return `still queued: ${[...countByRegion].map(([region, count]) => `${count} for ${region}`).join(', ')}`;
}
