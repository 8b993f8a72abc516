import type { SandboxState } from './state.ts';

const keyLength = 32;

function wrongKey(given: string, right: string | null): string | null {
  if (given === '') return 'ERROR_WRONG_USER_KEY';
  if (right === null || given === right) return null;
  const isMisshapen = right.length === keyLength && given.length !== keyLength;
  return isMisshapen ? 'ERROR_WRONG_USER_KEY' : 'ERROR_KEY_DOES_NOT_EXIST';
}

/** The code that a request is refused with for its key or its address; null where both are right. */
export function keyRefusal(key: string | undefined, { settings, abuse }: SandboxState): string | null {
  const ban = abuse?.banRefusal() ?? null;
  if (ban !== null) return ban;
  const refusal = wrongKey((key ?? '').trim(), settings.key);
  if (refusal !== null) abuse?.recordWrongKey();
  return refusal;
}
