import type { Hold, SubmissionLimit, SubmissionRefusal } from '../../ports/submissions.ts';

const windows: ReadonlyMap<number, string> = new Map([
  [1_000, 'second'],
  [60_000, 'minute'],
  [3_600_000, 'hour'],
  [86_400_000, 'day'],
]);

/** The window of a limit in a word: `hour`. */
export const windowText = (windowMs: number): string => windows.get(windowMs) ?? `${windowMs / 1_000} s`;

/** A limit in words: `200 submissions per hour with the label nightly`. */
export function limitText({ label, count, windowMs }: SubmissionLimit): string {
  const whose = label === null ? '' : ` with the label ${label}`;
  return `${count} submission${count === 1 ? '' : 's'} per ${windowText(windowMs)}${whose}`;
}

function lengthText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

/** Who holds submissions, for how long already, and why. */
export function holdText({ by, why, heldMs, onlyHere }: Hold): string {
  return `held${onlyHere === true ? ' on this host only' : ''} by ${by} for ${lengthText(heldMs)}${why === '' ? '' : `: ${why}`}`;
}

/** The reason of a task that is given up because of the refusal. */
export function refusalReason({ reason }: SubmissionRefusal): 'held' | 'limit-reached' {
  return reason === 'held' ? 'held' : 'limit-reached';
}

/** Why nothing may be submitted, without a full stop. */
export function refusalText(refusal: SubmissionRefusal): string {
  if (refusal.reason === 'held') return holdText(refusal.hold);
  if (refusal.reason === 'limit-reached') return `the limit of ${limitText(refusal.limit)} is reached`;
  return `submissions cannot be counted: ${refusal.why}`;
}
