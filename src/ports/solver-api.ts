import type { Solution } from '../domain/solution.ts';
import type { Task } from '../domain/task.ts';

/** The limits of one call. */
export interface CallLimits {
  /** No longer than this, in ms; the adapter's own timeout may be shorter. */
  readonly timeLeftMs: number;
  /** Ends the call at once, as a fault of kind `transport`. */
  readonly signal?: AbortSignal;
}

export type PollAnswer = { readonly ready: false } | { readonly ready: true; readonly solution: Solution };

/**
 * The solving service. Both methods throw `ProviderFault` and nothing else.
 *
 * `submit` is paid and cannot be undone: an adapter sends it at most once per call. `poll` is free.
 */
export interface SolverApi {
  /** Hands a task in; resolves with the service's id, an opaque string. */
  submit(task: Task, limits: CallLimits): Promise<string>;
  /** Looks once whether the solution is there. */
  poll(captchaId: string, limits: CallLimits): Promise<PollAnswer>;
}

/** A service that may be able to answer for several ids at once. */
export interface ManyPolls {
  /**
   * Looks once at several ids: their answers in the same order, null for an id that has to be asked alone. Null as a whole
   * where what came does not fit the ids. Throws `ProviderFault` and nothing else.
   */
  pollMany(captchaIds: readonly string[], limits: CallLimits): Promise<readonly (PollAnswer | null)[] | null>;
}
