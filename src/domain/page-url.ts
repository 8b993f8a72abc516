/** Schemes that browsers read without slashes; a name before any other colon is a host with a port. */
const scheme = /^(?:(?:https?|wss?|ftp|file|mailto):|[a-z][a-z\d+.-]*:\/\/)/i;
/** What browsers pass over: tabs and line ends anywhere, control characters and blanks around. */
const passedOver = /[\t\n\r]+|^[\0-\x20]+|[\0-\x20]+$/g;

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

function parseLoosely(text: string): URL | null {
  const bare = text.trim().replace(passedOver, '');
  if (scheme.test(bare)) return parseUrl(bare);
  // One slash begins a path, and a path is not a page; two begin a host.
  return /^[/\\](?![/\\])/.test(bare) ? null : parseUrl(`https://${bare.replace(/^[/\\]+/, '')}`);
}

/**
 * A page's URL as browsers read it (WHATWG URL), or null where the text is none. A missing scheme is taken as https;
 * other schemes than that of the web are parsed as well.
 */
export function parsePageUrl(text: string): URL | null {
  if (!text.startsWith('https://') && !text.startsWith('http://')) return parseLoosely(text);
  try {
    return new URL(text);
  } catch {
    return parseLoosely(text);
  }
}
