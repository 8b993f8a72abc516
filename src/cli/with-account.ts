import type { AccountApi } from '../ports/account-api.ts';
import type { Context } from './context.ts';

/** Asks the service one thing about the account. */
export async function withAccount<T>(context: Context, ask: (api: AccountApi) => Promise<T>): Promise<T> {
  const session = await context.session({ overrides: [], allowFastPolling: false });
  try {
    return await ask(session.api);
  } finally {
    await session.close();
  }
}
