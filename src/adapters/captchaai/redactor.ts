const maxQuoteLength = 200;
const whitespace = /\s+/g;
/** Controls (C0, C1, ESC), format characters (bidi overrides, zero width), lone surrogates. */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

/** What the cut may leave of a character outside the basic plane. */
const halfCharacter = /\p{Cs}$/u;

/** A secret as it is and as a form, URL or JSON that is echoed would spell it. */
function spellings(secret: string): string[] {
  const asForm = new URLSearchParams({ '': secret }).toString().slice(1);
  // Half a character has no spelling in a URL: a form sends the replacement character for it.
  const asUrl = encodeURIComponent(secret.replace(/\p{Cs}/gu, '\uFFFD'));
  const asJson = JSON.stringify(secret).slice(1, -1);
  return [secret, asUrl, asForm, asJson];
}

function patternOf(secrets: readonly string[]): RegExp | null {
  const found = [...new Set(secrets.filter((secret) => secret !== '').flatMap(spellings))];
  if (found.length === 0) return null;
  // The longest first: a secret may contain another one.
  const alternatives = found
    .sort((a, b) => b.length - a.length)
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(alternatives.join('|'), 'gi');
}

/** What replaces every secret in a text, also where it stands URL-encoded, by `***`. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const pattern = patternOf(secrets);
  return (text) => (pattern === null ? text : text.replace(pattern, '***'));
}

/** What may be shown of a server's text: one line, at most 200 characters, nothing invisible, no secrets. */
export function cleanText(text: string, secrets: readonly string[]): string {
  // Invisible characters go first, and the cut comes last: either could leave part of a secret unrecognised.
  const visible = text.replace(whitespace, ' ').replace(invisible, '').trim();
  return redactor(secrets)(visible).slice(0, maxQuoteLength).replace(halfCharacter, '');
}
