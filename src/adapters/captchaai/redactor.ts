const maxQuoteLength = 200;
const whitespace = /\s+/g;
/** Controls (C0, C1, ESC), format characters (bidi overrides, zero width), lone surrogates. */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

/** The cut can leave half of a surrogate pair. */
const halfCharacter = /\p{Cs}$/u;

/** A longer secret, such as a cookie header, is found in its usual spellings only. */
const maxEscapedLength = 128;

/** A character plain or in any escape that a reader of JSON, a URL or HTML turns into it. JSON may be nested in JSON. */
function anySpelling(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  const plain = character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
  const json = `\\\\{1,4}u${hex.padStart(4, '0')}`;
  if (code > 0x7f) return `(?:${plain}|${json})`;
  const slash = /["\\/]/.test(character) ? '\\\\{0,4}' : '';
  const entity = entities.has(character) ? `|&${entities.get(character) ?? ''};` : '';
  return `(?:${slash}${plain}|${json}|%${hex.padStart(2, '0')}|&#(?:0{0,5}${code}|x0{0,4}${hex});${entity})`;
}

const entities = new Map([
  ['"', 'quot'],
  ['&', 'amp'],
  ['<', 'lt'],
  ['>', 'gt'],
  ["'", 'apos'],
]);

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

/** Finds the secrets in any mixture of escapes; null without secrets. */
function escapedPatternOf(secrets: readonly string[]): RegExp | null {
  const found = secrets.filter((secret) => secret !== '' && secret.length <= maxEscapedLength);
  const alternatives = found.map((secret) => secret.split('').map(anySpelling).join(''));
  return found.length === 0 ? null : new RegExp(alternatives.join('|'), 'gi');
}

const mayEscape = /[\\%&]/;

/** Returns a function that replaces every secret in a text by `***`, escaped spellings included. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const pattern = patternOf(secrets);
  const escapedPattern = escapedPatternOf(secrets);
  return (text) => {
    const rest = pattern === null ? text : text.replace(pattern, '***');
    // Nearly all answers have no escapes, and the other pattern is slow.
    return escapedPattern === null || !mayEscape.test(rest) ? rest : rest.replace(escapedPattern, '***');
  };
}

/** Server text made safe to show: one line, up to 200 characters, without invisible characters and secrets. */
export function cleanText(text: string, secrets: readonly string[]): string {
  // Invisible characters are removed first, and the text is cut last: otherwise part of a secret could escape
  // redaction.
  const visible = text.replace(whitespace, ' ').replace(invisible, '').trim();
  return redactor(secrets)(visible).slice(0, maxQuoteLength).replace(halfCharacter, '');
}
