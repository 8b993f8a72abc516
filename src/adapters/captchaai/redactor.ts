const maxQuoteLength = 200;
const whitespace = /\s+/g;
/** Controls (C0, C1, ESC), format characters (bidi overrides, zero width), lone surrogates. */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

/** The cut can leave half of a surrogate pair. */
const halfCharacter = /\p{Cs}$/u;

/** The spellings of a secret: plain, and escaped for a form, a URL and JSON. */
function spellings(secret: string): string[] {
  const asForm = new URLSearchParams({ '': secret }).toString().slice(1);
  // A lone surrogate has no URL encoding: a form sends the replacement character for it.
  const asUrl = encodeURIComponent(secret.replace(/\p{Cs}/gu, '\uFFFD'));
  const asJson = JSON.stringify(secret).slice(1, -1);
  return [secret, asUrl, asForm, asJson];
}

function patternOf(secrets: readonly string[]): RegExp | null {
  const found = [...new Set(secrets.filter((secret) => secret !== '').flatMap(spellings))];
  if (found.length === 0) return null;
  // Longest first: a secret may contain another one.
  const alternatives = found
    .sort((a, b) => b.length - a.length)
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(alternatives.join('|'), 'gi');
}

/** Returns a function that replaces every secret in a text by `***`, escaped spellings included. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const pattern = patternOf(secrets);
  return (text) => (pattern === null ? text : text.replace(pattern, '***'));
}

/** Server text made safe to show: one line, up to 200 characters, without invisible characters and secrets. */
export function cleanText(text: string, secrets: readonly string[]): string {
  // Invisible characters are removed first, and the text is cut last: otherwise part of a secret could escape
  // redaction.
  const visible = text.replace(whitespace, ' ').replace(invisible, '').trim();
  return redactor(secrets)(visible).slice(0, maxQuoteLength).replace(halfCharacter, '');
}
