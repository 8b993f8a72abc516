import { closestName } from '../../domain/closest-name.ts';

/** Names under which people try to write the key itself. */
const keyItself = /^(api[-_]?)?key$/i;

/** What to say about a key that no schema has, given the names that stand beside it. */
export function unknownKeyProblem(name: string, known: readonly string[]): string {
  if (keyItself.test(name) && known.includes('keyFile')) {
    return 'unknown key: the API key never stands in a config file; set CAPTCHAAI_API_KEY, or name a file in api.keyFile';
  }
  const meant = closestName(name, known);
  return meant === null ? `unknown key; known here: ${known.join(', ')}` : `unknown key; did you mean ${meant}?`;
}
