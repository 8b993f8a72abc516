import { formatMoment, formatMs, quantity } from '../../cli/format.ts';
import type { BudgetEvent } from '../../cli/shared-state.ts';
import { renderTable } from '../../cli/table.ts';
import { limitText, refusalText } from '../../core/resilience/submission-refusal.ts';
import type { RulesEntry } from '../../core/resilience/submission-rules.ts';
import type { CallResult } from '../../ports/state.ts';
import { wrapToWidth } from '../../cli/wrap-to-width.ts';

/** One line of the audit: who, request and result. */
export interface AuditRow {
  /** ISO 8601 in UTC. */
  readonly at: string;
  /** The command of the process; null in entries of earlier versions. */
  readonly command: string | null;
  readonly pid: string;
  /** `--label` of the process; null without one. */
  readonly label: string | null;
  readonly task: string | null;
  readonly what: string;
  /** What a retry was for; null for all else. */
  readonly fault: string | null;
  readonly result: string;
  /** Retry tokens afterwards. */
  readonly balance: number;
}

const granted = (waitMs: number): string => (waitMs === 0 ? 'granted' : `granted, usable in ${formatMs(waitMs)}`);

const joined = (parts: readonly (string | false)[]): string => parts.filter((part) => part !== false).join(', ');

function fleetSyncText({ entry, answer }: BudgetEvent): string {
  if (entry.type === 'fleet-away') return `no answer: ${entry.why}`;
  if (entry.type === 'fleet-heard') {
    const { surplus, refused } = entry;
    if (refused > 0) return `refused ${quantity(refused, 'token')}: none left`;
    return joined(['answered', surplus > 0 && `lent this host ${quantity(surplus, 'token')} for 2 s`]);
  }
  const counts = answer !== null && 'accepted' in answer ? answer : { accepted: 0, refused: 0 };
  return joined([
    'asked by this host',
    counts.accepted > 0 && `${quantity(counts.accepted, 'accepted submission')} reported`,
    counts.refused > 0 && `${counts.refused} refused ${counts.refused === 1 ? 'retry' : 'retries'} reported`,
  ]);
}

function withdrawn({ answer }: BudgetEvent): string {
  if (answer === null || !('granted' in answer)) return '';
  if (answer.granted) return granted(answer.waitMs);
  return answer.retryInMs === null ? 'refused: no token' : `refused: no token, next in ${formatMs(answer.retryInMs)}`;
}

function entered({ answer }: BudgetEvent): string {
  if (answer === null || !('admitted' in answer)) return '';
  if (answer.admitted) return answer.permit.probe ? 'admitted, to test whether the service is back' : 'admitted';
  return `refused: breaker open, next in ${formatMs(answer.retryInMs)}`;
}

function tallied(entry: BudgetEvent['entry'] & { type: 'tally' }): string {
  const { accepted, budgetRefused, breakerRefused } = entry;
  return joined([
    accepted > 0 && `${quantity(accepted, 'submission')} accepted`,
    budgetRefused > 0 && `${budgetRefused === 1 ? '1 retry' : `${budgetRefused} retries`} refused: no token`,
    breakerRefused > 0 && `${quantity(breakerRefused, 'submission')} refused: breaker open`,
  ]);
}

const verdicts: Record<CallResult, string> = {
  success: 'succeeded',
  failure: 'failed',
  busy: 'were told to wait',
  abandoned: 'ended without an answer',
};

type Described = Pick<AuditRow, 'what' | 'result' | 'task'> & { readonly fault?: string | undefined };

function counted({ answer }: BudgetEvent): string {
  if (answer === null || !('counted' in answer)) return '';
  if (answer.counted) return 'allowed and counted';
  const { refusal } = answer;
  const next = refusal.retryInMs === null ? '' : `, next in ${formatMs(refusal.retryInMs)}`;
  return `refused: ${refusalText(refusal)}${next}`;
}

function describedRule(entry: RulesEntry, event: BudgetEvent): Described {
  switch (entry.type) {
    case 'hold': {
      const { by, why, forMs } = entry;
      const time = forMs === null ? '' : ` for ${formatMs(forMs)}`;
      return {
        what: 'hold',
        result: `${by} stopped all submissions${time}${why === '' ? '' : `: ${why}`}`,
        task: null,
      };
    }
    case 'release':
      return { what: 'release', result: `${entry.by} ended the hold`, task: null };
    case 'limits':
      return { what: 'limits', result: `at most ${entry.limits.map(limitText).join(', ')}`, task: null };
    case 'submit':
      return { what: 'submission', result: counted(event), task: entry.task };
    case 'unsubmit':
      return { what: 'submission', result: 'not counted after all: no thread was free', task: null };
  }
}

function described(event: BudgetEvent): Described {
  const { entry } = event;
  switch (entry.type) {
    case 'withdraw':
      return { what: 'retry', result: withdrawn(event), task: entry.task, fault: entry.fault };
    case 'enter':
      return { what: 'breaker', result: entered(event), task: null };
    case 'verdict': {
      const probe = entry.pass.probe ? ' (the test whether the service is back)' : '';
      const result = `${quantity(entry.count, 'submission')} ${verdicts[entry.verdict]}${probe}`;
      return { what: 'answers', result, task: null };
    }
    case 'tally':
      return {
        what: 'counts',
        result: tallied(entry),
        task: entry.task === '' ? null : entry.task,
        fault: entry.fault,
      };
    case 'quiet':
      return { what: 'Retry-After', result: `all tasks wait ${formatMs(entry.ms)}`, task: null };
    case 'turn':
      return { what: 'free thread', result: entry.isRefused ? 'waits: all threads are busy' : 'lines up', task: null };
    case 'spend':
      return { what: 'retry', result: `${withdrawn(event)}, lent by Redis`, task: entry.task, fault: entry.fault };
    case 'fleet-granted':
      return { what: 'retry', result: `${granted(entry.waitMs)}, by Redis`, task: entry.task, fault: entry.fault };
    case 'fleet-talk':
    case 'fleet-heard':
    case 'fleet-away':
      return { what: 'Redis', result: fleetSyncText(event), task: null };
    case 'configure':
      return { what: 'settings', result: 'asked for other settings', task: null };
    case 'reset':
      return { what: 'reset', result: 'budget full, breaker closed', task: null };
    case 'hold':
    case 'release':
    case 'limits':
    case 'submit':
    case 'unsubmit':
      return describedRule(entry, event);
  }
}

/** One entry of the log as a line of the audit. */
export function auditRow(event: BudgetEvent): AuditRow {
  const { at, pid, writer, balance } = event;
  const { what, result, task, fault = null } = described(event);
  const who = { command: writer?.command ?? null, pid, label: writer?.label ?? null };
  const tokens = Math.round(balance * 1_000) / 1_000;
  return { at: formatMoment(at) ?? '', ...who, task, what, fault, result, balance: tokens };
}

/** The result with the fault that a retry was for. */
const resultText = ({ result, fault }: AuditRow): string => (fault === null ? result : `${result} (after ${fault})`);

const whoText = ({ command, pid, label }: AuditRow): string =>
  [command ?? '', pid, label ?? ''].filter((part) => part !== '').join(' ');

/** One entry for a screen: the time and who, then what happened, wrapped under itself. */
function screenLines(row: AuditRow, columns: number): string {
  const time = `${row.at.slice(5, 19).replace('T', ' ')}  `;
  const task = row.task === null ? '' : `; task ${row.task}`;
  const text = `${whoText(row)}: ${row.what} ${resultText(row)}; ${row.balance.toFixed(1)} tokens${task}`;
  const lines = wrapToWidth(text, columns - time.length);
  return lines.map((line, index) => `${index === 0 ? time : ' '.repeat(time.length)}${line}\n`).join('');
}

/** The audit as aligned columns for a pipe. A screen gets lines that wrap; its times have no year. */
export function renderAudit(rows: readonly AuditRow[], columns: number | null): string {
  if (columns !== null) return rows.map((row) => screenLines(row, columns)).join('');
  const cells = rows.map((row) => {
    const { at, command, pid, label, what, balance, task } = row;
    return [at, command ?? '', pid, label ?? '', what, resultText(row), balance.toFixed(1), task ?? ''];
  });
  return renderTable(['time', 'command', 'process', 'label', 'what', 'result', 'tokens', 'task'], cells, null);
}
