import type { Task } from '../../domain/task.ts';
import type { PollTiming } from '../solve/poll-schedule.ts';

const nothing = { sitekey: null, pageurl: null, body: null, region: null, rule: null };

/** A task that exists in a simulation only. */
export function simulatedTask(name: string | number): Task {
  return { taskId: String(name), method: 'turnstile', params: {}, ...nothing };
}

/** For services that have the solution as soon as they have accepted the task. */
export const atOnce: PollTiming = { firstWaitMs: 0, intervalMs: 0, lifetimeMs: null };

/** A signal that never aborts; one for each clock, which remembers who sleeps on it. */
export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
