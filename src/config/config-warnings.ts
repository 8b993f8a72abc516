import { knownErrorCodes } from '../protocol/error-codes.ts';
import { knownMethods } from '../protocol/methods.ts';
import { closestName } from '../domain/closest-name.ts';
import type { Config } from './schema.ts';

/** Other vendors have names of their own, so an unknown one is only worth a word where it looks mistyped. */
function mistyped(path: string, written: readonly string[], known: readonly string[]): readonly string[] {
  return written.flatMap((name) => {
    const meant = known.includes(name) ? null : closestName(name, known);
    return meant === null ? [] : [`${path}.${name} is unknown to this program; did you mean ${meant}?`];
  });
}

/** What in a valid configuration is probably a mistake; `unread` are files that look like configuration. */
export function configWarnings(config: Config, unread: readonly string[]): readonly string[] {
  const codes = knownErrorCodes().map(({ code }) => code);
  return [
    ...unread.map((name) => `${name} is not read: configuration is data, in captcha.config.json or .yaml`),
    ...mistyped('errors', Object.keys(config.errors), codes),
    ...mistyped('polling.methods', Object.keys(config.polling.methods), knownMethods()),
  ];
}
