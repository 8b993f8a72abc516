import { formatMoment, formatMs, quantity } from '../../cli/format.ts';
import type { BudgetEvent } from '../../cli/shared-state.ts';
import { renderTable } from '../../cli/table.ts';
import type { CallResult } from '../../ports/state.ts';

/** One line of the audit: process, request and result. */
export interface AuditRow {
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly pid: string;
  readonly task: string | null;
  readonly what: string;
  readonly result: string;
  readonly balance: number;
}

const granted = (waitMs: number): string => (waitMs === 0 ? 'granted' : `granted, usable in ${formatMs(waitMs)}`);

const joined = (parts: readonly (string | false)[]): string => parts.filter((part) => part !== false).join(', ');

function fleetSyncText({ entry, answer }: BudgetEvent): string {
  if (entry.type === 'fleet-away') return `no answer from Redis: ${entry.why}`;
  if (entry.type === 'fleet-heard') {
    const { surplus, refused } = entry;
    if (refused > 0) return `asked Redis for ${quantity(refused, 'token')}: refused (none left)`;
    return joined(['Redis answered', surplus > 0 && `${quantity(surplus, 'token')} on lease`]);
  }
  const counts = answer !== null && 'accepted' in answer ? answer : { accepted: 0, refused: 0 };
  const accepted = counts.accepted > 0 && `${quantity(counts.accepted, 'submission')} accepted`;
  return joined(['synced with Redis', accepted, counts.refused > 0 && `${counts.refused} refused`]);
}

function withdrawn({ answer }: BudgetEvent): string {
  if (answer === null || !('granted' in answer)) return '';
  if (answer.granted) return granted(answer.waitMs);
  return answer.retryInMs === null ? 'refused: no token' : `refused: no token, next in ${formatMs(answer.retryInMs)}`;
}

function entered({ answer }: BudgetEvent): string {
  if (answer === null || !('admitted' in answer)) return '';
  if (answer.admitted) return answer.permit.probe ? 'admitted as probe' : 'admitted';
  return `refused: breaker open, next in ${formatMs(answer.retryInMs)}`;
}

function tallied(entry: BudgetEvent['entry'] & { type: 'tally' }): string {
  const { accepted, budgetRefused, breakerRefused } = entry;
  return joined([
    accepted > 0 && `${quantity(accepted, 'submission')} accepted`,
    budgetRefused > 0 && `${budgetRefused} refused: no token`,
    breakerRefused > 0 && `${breakerRefused} refused: breaker open`,
  ]);
}

const verdicts: Record<CallResult, string> = {
  success: 'succeeded',
  failure: 'failed',
  busy: 'busy',
  abandoned: 'abandoned',
};

function described(event: BudgetEvent): { what: string; result: string; task: string | null } {
  const { entry } = event;
  switch (entry.type) {
    case 'withdraw':
      return { what: 'retry', result: withdrawn(event), task: entry.task };
    case 'enter':
      return { what: 'submit', result: entered(event), task: null };
    case 'verdict': {
      const probe = entry.pass.probe ? ' (probe)' : '';
      return { what: 'answers', result: `${entry.count} ${verdicts[entry.verdict]}${probe}`, task: null };
    }
    case 'tally':
      return { what: 'tally', result: tallied(entry), task: entry.task === '' ? null : entry.task };
    case 'quiet':
      return { what: 'retry-after', result: `all tasks wait ${formatMs(entry.ms)}`, task: null };
    case 'turn':
      return { what: 'free thread', result: entry.isRefused ? 'waits: all threads are busy' : 'lines up', task: null };
    case 'spend':
      return { what: 'retry', result: `${withdrawn(event)}, on lease`, task: entry.task };
    case 'fleet-granted':
      return { what: 'retry', result: `${granted(entry.waitMs)} by the fleet`, task: entry.task };
    case 'fleet-talk':
    case 'fleet-heard':
    case 'fleet-away':
      return { what: 'fleet', result: fleetSyncText(event), task: null };
    case 'configure':
      return { what: 'settings', result: 'other settings requested', task: null };
    case 'reset':
      return { what: 'reset', result: 'reset', task: null };
  }
}

/** One entry of the log as a line of the audit. */
export function auditRow(event: BudgetEvent): AuditRow {
  const { at, pid, balance } = event;
  const { what, result, task } = described(event);
  return { at: formatMoment(at) ?? '', pid, task, what, result, balance: Math.round(balance * 1_000) / 1_000 };
}

/** The audit as aligned lines, which a narrow screen wraps instead of cutting. On a screen the time has no year. */
export function renderAudit(rows: readonly AuditRow[], columns: number | null): string {
  const shownAt = (at: string): string => (columns === null ? at : at.slice(5, 19).replace('T', ' '));
  const cells = rows.map(({ at, pid, what, result, balance, task }) => {
    return [shownAt(at), pid, what, result, balance.toFixed(1), task ?? ''];
  });
  return renderTable(['time', 'process', 'what', 'result', 'tokens', 'task'], cells, null);
}
