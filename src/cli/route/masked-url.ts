import { maskSecrets } from '../../domain/mask-secrets.ts';

/** What stands before a URL's path, as browsers read it: they take a backslash for a slash, and need neither. */
const beforePath = /^((?:[a-z][a-z\d+.-]*:)?[/\\]*)([^/\\?#]*)@/i;
/** Browsers pass over them, wherever they stand. */
const ignored = /[\u0000-\u001f]/g;
/** What is longer is no URL, and nobody reads it. */
const longestText = 2_000;

/** A page's URL as it may be shown: a password in front of its host is `***`, and what is empty holds none. */
export function maskedUrl(url: string): string {
  if (!url.includes('@')) return url;
  return url.replace(ignored, '').replace(beforePath, (all, start: string, user: string) => {
    const colon = user.indexOf(':');
    if (user === '' || user === ':') return all;
    return `${start}${colon === -1 ? '' : user.slice(0, colon + 1)}***@`;
  });
}

/** The same for a text that is no URL, in which a password may stand anywhere; cut where it is absurdly long. */
export function maskedText(text: string): string {
  const masked = maskedUrl(text);
  return maskSecrets(masked.length > longestText ? `${masked.slice(0, longestText)}…` : masked);
}
