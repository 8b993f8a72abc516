import type { AccountApi } from '../ports/account-api.ts';
import type { Context } from './context.ts';

/** Asks the service one thing about the account. */
export async function withAccount<T>(context: Context, ask: (api: AccountApi) => Promise<T>): Promise<T> {
  // Nothing is polled here: a configuration that polls too fast is no reason to refuse.
  const session = await context.session({ overrides: [], allowFastPolling: true });
  try {
    return await ask(session.api);
  } finally {
    await session.close();
  }
}
