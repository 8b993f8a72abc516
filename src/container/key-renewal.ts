import type { RenewKey } from '../adapters/captchaai/api-connection.ts';
import { type ApiKeySource, keySourceText, rereadApiKey } from '../config/api-key.ts';
import { UsageError } from '../domain/errors.ts';
import type { Clock } from '../ports/system.ts';

/** Requests that were refused together need one reading. */
const rereadAfterMs = 5_000;

/** What is needed to read a changed key. */
export interface KeyRenewalDeps {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly note: (text: string) => void;
  /** Called with a new key before it is used. */
  readonly onNewKey: (key: string) => void;
}

/**
 * Reads the source of the API key again when the service refuses the key, so that a process goes on after a rotation.
 * Announces each new key, and why a source could not be read.
 */
export function createKeyRenewal(key: string, source: ApiKeySource, deps: KeyRenewalDeps): RenewKey {
  const { env, clock, note, onNewKey } = deps;
  let current = key;
  let readAtMs = -Infinity;
  let reading: Promise<string | null> | null = null;

  const reread = async (refused: string): Promise<string | null> => {
    const found = await rereadApiKey(source, env).catch((error: unknown) => {
      if (!(error instanceof UsageError)) throw error;
      note(`warning: the service refuses the API key, and it cannot be read again: ${error.message}`);
      return null;
    });
    if (found === null || found === refused) return null;
    onNewKey(found);
    note(`the service refused the API key, and ${keySourceText(source)} has changed: continuing with the new key`);
    current = found;
    return found;
  };

  return (refused) => {
    // A request of before the change, or one that waits for it.
    if (refused !== current) return Promise.resolve(current);
    if (reading !== null) return reading;
    if (clock.nowMs() - readAtMs < rereadAfterMs) return Promise.resolve(null);
    readAtMs = clock.nowMs();
    reading = reread(refused).finally(() => (reading = null));
    return reading;
  };
}
