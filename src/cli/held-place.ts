import { UsageError } from '../domain/errors.ts';
import type { Context } from './context.ts';
import type { SharedState } from './shared-state.ts';

/** What a hold stops. `who`: the processes, for messages. Throws `UsageError` if processes share nothing. */
export async function heldPlace(context: Context): Promise<{ readonly shared: SharedState; readonly who: string }> {
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
  const where = fleetPlace === undefined ? 'on this host' : `at ${fleetPlace}`;
  return { shared, who: `the processes ${where} of the account ${account}` };
}
