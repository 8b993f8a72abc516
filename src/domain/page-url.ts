/** Schemes that browsers read without slashes; a name before any other colon is a host with a port. */
const scheme = /^(?:(?:https?|wss?|ftp|file|mailto):|[a-z][a-z\d+.-]*:\/\/)/i;
const blank = 0x20;

/** Without control characters and blanks around it, which browsers pass over; a pattern would take a square of their number. */
function withoutEnds(text: string): string {
  let start = 0;
  let end = text.length;
  while (text.charCodeAt(start) <= blank) start += 1;
  while (end > start && text.charCodeAt(end - 1) <= blank) end -= 1;
  return text.slice(start, end);
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

function parseLoosely(text: string): URL | null {
  const bare = withoutEnds(text.trim()).replace(/[\t\n\r]+/g, '');
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
