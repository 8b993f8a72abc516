import { createHash } from 'node:crypto';

/** Stands for an API key without revealing it. */
export function accountIdOf(key: string): string {
  return createHash('sha256').update(`captcha account ${key}`).digest('hex').slice(0, 16);
}
