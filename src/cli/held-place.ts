import { UsageError } from '../domain/errors.ts';
import type { Context } from './context.ts';
import type { SharedState } from './shared-state.ts';

/** What a hold stops, in words for messages. */
export interface HeldPlace {
  readonly shared: SharedState;
  /** All processes. */
  readonly who: string;
  /** The processes of this host. */
  readonly whoHere: string;
}

/** Finds what a hold stops. Throws `UsageError` if processes share nothing. */
export async function heldPlace(context: Context): Promise<HeldPlace> {
  const { config } = await context.config([]);
  const shared = await context.sharedState(config);
  if (shared === null)
    throw new UsageError(
      'budget.scope is process: no other process can be held',
      'set budget.scope to host, or to the Redis URL of the fleet',
    );
  const { alone, fleetPlace, account } = shared;
  if (alone !== undefined && fleetPlace === undefined)
    throw new UsageError(`no other process can be held: ${alone}`, 'captcha doctor checks the state folder');
  const processes = (where: string): string => `the processes ${where} of the account ${account}`;
  const whoHere = processes('on this host');
  return { shared, who: fleetPlace === undefined ? whoHere : processes(`at ${fleetPlace}`), whoHere };
}
