import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The text of a file below the root. */
export function textOf(path: string): string {
  return readFileSync(`${root}${path}`, 'utf8');
}
