import { maskSecrets } from '../domain/mask-secrets.ts';

const longest = 60;

/** A value as an error message may show it: short, on one line, without passwords. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(maskSecrets(value)) : String(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
