import { type BudgetFacts, budgetFactsOf } from '../core/resilience/budget-facts.ts';
import type { StateReply, StateCommand, ResilienceState } from '../core/resilience/resilience-state.ts';
import type { FleetFacts, LogWriter } from '../ports/state.ts';
import type { KnownRules } from '../ports/submissions.ts';
import type { Awaitable } from '../ports/system.ts';

/** One entry of the shared log and its answer. */
export interface BudgetEvent {
  /** Wall clock, epoch ms. */
  readonly at: number;
  readonly pid: string;
  /** Left out in entries of earlier versions. */
  readonly writer?: LogWriter;
  readonly entry: StateCommand;
  readonly answer: StateReply;
  /** What was left afterwards, in tokens; below 0 while reservations are outstanding. */
  readonly balance: number;
}

/** The budget of a fleet as this host sees it now: where it stands, or why that cannot be known. */
export type FleetStateView =
  { readonly facts: FleetFacts; readonly rules: KnownRules } | { readonly unavailable: string };

/** The shared state at one moment. */
export interface SharedStateView {
  /** What the processes of this host share. */
  readonly state: ResilienceState;
  /** On the clock of the host. */
  readonly nowMs: number;
  /** Left out where the budget is not a fleet's. */
  readonly fleet?: FleetStateView;
}

/** The hold and the limits; null if the fleet cannot be asked and this host is not held alone. */
export function rulesOfView({ state, nowMs, fleet }: SharedStateView): KnownRules | null {
  if (fleet === undefined) return state.rules.known(nowMs);
  const hold = state.rules.holdOnlyHere(nowMs);
  if ('rules' in fleet) return { ...fleet.rules, hold: fleet.rules.hold ?? hold };
  return hold && { hold, limits: null };
}

/** The budget of the fleet, or that of this host if there is none or none can be reached, with breaker and wait. */
export function factsOfView(view: SharedStateView): BudgetFacts {
  const { state, nowMs, fleet } = view;
  const scope = fleet === undefined ? 'host' : 'redis';
  const facts = fleet !== undefined && 'facts' in fleet ? fleet.facts : null;
  return budgetFactsOf(state, { nowMs, scope, ...(fleet !== undefined && { fleet: facts }), rules: rulesOfView(view) });
}

/** `untold`: why the fleet could not be told, so that the other hosts do not know; null if all know. */
export interface Told {
  readonly untold: string | null;
}

/** What the processes of this host share about retries of one API and account, and what the hosts of a fleet do. */
export interface SharedState {
  /** The URL of the service. */
  readonly service: string;
  /** A hash that stands for the API key. */
  readonly account: string;
  /** The folder of the log. */
  readonly place: string;
  /** The Redis of the fleet, its password masked; left out where the budget is the host's. */
  readonly fleetPlace?: string;
  /** Why the processes of this host share nothing; left out where they can. */
  readonly alone?: string;
  /** Nothing is written. */
  look(): Awaitable<SharedStateView>;
  /** All events of this host that are still in the log. */
  history(): Iterable<BudgetEvent>;
  /** Resets everything to the settings of this configuration. A damaged log is replaced. Throws `RemoteUnavailableError`. */
  reset(): Awaitable<void>;
  /**
   * Stops all submissions for `forMs`, or until `release`; those of this host alone if the fleet cannot be told. Throws
   * `StateLogError`, and `RemoteUnavailableError` if nothing could be stopped.
   */
  hold(hold: { readonly why: string; readonly forMs: number | null }): Awaitable<Told>;
  /** Ends the hold; `wasHeld`: false if none is known. If the fleet cannot be told, it ends a hold of this host alone. */
  release(): Awaitable<Told & { readonly wasHeld: boolean }>;
}
