import type { SolverEvent } from '../domain/events.ts';
import { type Fault, messageWithoutStop } from '../domain/fault.ts';
import { formatMs } from './format.ts';
import type { Severity, Terminal } from './terminal.ts';

/** The verbosity from which an event is printed, and its text. */
export interface EventLine {
  readonly level: number;
  readonly text: string;
}

const retryHint = (retryInMs: number | null): string =>
  retryInMs === null ? '' : `; retry after ${formatMs(retryInMs)}`;

function balanceText(balance: number | null): string {
  return balance === null ? '' : ` (retry budget: ${Math.max(0, balance).toFixed(1)} tokens left)`;
}

function retryText({ attempt, maxAttempts, waitMs, budgetBalance }: SolverEvent & { type: 'retrying' }): string {
  const next = `attempt ${attempt + 1} of ${maxAttempts}`;
  if ((budgetBalance ?? 0) < 0) return `waiting for the retry budget: ${next} in ${formatMs(waitMs)}`;
  return `retrying in ${formatMs(waitMs)}: ${next}${balanceText(budgetBalance)}`;
}

const causeOf = (fault: Fault | null): string => (fault === null ? '' : `: ${messageWithoutStop(fault)}`);

/** True for what goes wrong, whether or not it is tried again. */
const isTrouble = (event: SolverEvent): boolean =>
  'fault' in event || event.type === 'budget-refused' || event.type === 'gave-up';

export const severityOf = (event: SolverEvent): Severity => (isTrouble(event) ? 'warn' : 'info');

/** One line about one event. */
export function renderEvent(event: SolverEvent): EventLine {
  switch (event.type) {
    case 'submitting':
      return {
        level: 1,
        text: `attempt ${event.attempt}: submitting${event.region === null ? '' : ` (${event.region})`}`,
      };
    case 'submitted':
      return {
        level: 1,
        text: `attempt ${event.attempt}: accepted as ${event.captchaId} in ${formatMs(event.roundTripMs)}`,
      };
    case 'polling':
      return { level: 1, text: `${event.captchaId}: first poll in ${formatMs(event.inMs)}` };
    case 'not-ready':
      return { level: 2, text: `${event.captchaId}: not ready` };
    case 'poll-fault':
      return { level: 1, text: `${event.captchaId}: poll failed (${event.fault.message}); still polling the same id` };
    case 'attempt-failed':
      // Where an id is left, the line about the outcome says the same and names it.
      return { level: event.liveId === null ? 0 : 1, text: `attempt ${event.attempt} failed: ${event.fault.message}` };
    case 'probe-failed':
      return { level: 1, text: `the service is still unavailable: ${event.fault.message}` };
    case 'threads-full':
      return { level: 1, text: 'waiting for a free thread' };
    case 'retrying':
      return { level: 0, text: retryText(event) };
    case 'cooling-down':
      return { level: 1, text: `waiting ${formatMs(event.waitMs)}: the service asks to wait (Retry-After)` };
    case 'budget-refused':
      return { level: 1, text: `retry budget refused${retryHint(event.retryInMs)}` };
    case 'breaker-refused':
      return {
        level: 1,
        text: event.isWaiting
          ? `waiting for the circuit breaker${causeOf(event.fault)}`
          : `breaker open${retryHint(event.retryInMs)}`,
      };
    case 'submission-refused': {
      const next = event.reason === 'held' ? 'ends in' : 'room in';
      const hint = event.retryInMs === null ? '' : `; ${next} ${formatMs(event.retryInMs)}`;
      const text = `${event.isWaiting ? 'waiting' : 'nothing was submitted'}: ${event.why}${hint}`;
      return { level: event.isRepeated ? 2 : 1, text };
    }
    case 'solved':
      return { level: 1, text: `solved ${event.captchaId ?? 'at once'} in ${formatMs(event.durationMs)}` };
    case 'gave-up':
      return { level: 2, text: `gave up: ${event.reason}` };
  }
}

/** Prints an event of one of many tasks. Steps of single tasks are of interest under `-v` only. */
export function noteTaskEvent(event: SolverEvent, terminal: Terminal): void {
  if (terminal.options.verbosity === 0) return;
  const { level, text } = renderEvent(event);
  const severity = severityOf(event);
  terminal.note(`${event.taskId}: ${text}`, { level: Math.max(1, level), fields: { event }, severity });
}
