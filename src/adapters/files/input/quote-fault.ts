/** Where the quotes of a record break the rules of CSV. Offsets count from the beginning of the record. */
export interface QuoteFault {
  /** `unclosed`: the text ends inside the quotes. `blank-before`: the quote opens after a blank and so opens nothing. */
  readonly kind: 'unclosed' | 'text-after' | 'blank-before';
  /** Of the field, from 0. */
  readonly field: number;
  readonly opensAt: number;
  /** Of the first character that should not be there, or of the end. */
  readonly breaksAt: number;
}

/** The offset behind the quote that closes the field which opens at `opensAt`; null where none does. */
function behindClosingQuote(text: string, opensAt: number): number | null {
  let quote = text.indexOf('"', opensAt + 1);
  while (quote !== -1 && text[quote + 1] === '"') quote = text.indexOf('"', quote + 2);
  return quote === -1 ? null : quote + 1;
}

const lineEnd = /[\r\n]|$/g;

function endOfUnquoted(text: string, from: number, delimiter: string): number {
  lineEnd.lastIndex = from;
  const end = lineEnd.exec(text)?.index ?? text.length;
  const next = text.indexOf(delimiter, from);
  return next === -1 ? end : Math.min(next, end);
}

/**
 * The first fault in the quotes of one record; null where there is none. A quote in the middle of an unquoted field is
 * text, as everywhere.
 */
export function findQuoteFault(text: string, delimiter: string): QuoteFault | null {
  let start = /^[\r\n]*/.exec(text)?.[0].length ?? 0;
  for (let field = 0; ; field++) {
    const isQuoted = text[start] === '"';
    const end = isQuoted ? behindClosingQuote(text, start) : endOfUnquoted(text, start, delimiter);
    if (end === null) return { kind: 'unclosed', field, opensAt: start, breaksAt: text.length };
    if (!isQuoted && /^[ \t]+"/.test(text.slice(start, end))) {
      const opensAt = text.indexOf('"', start);
      return { kind: 'blank-before', field, opensAt, breaksAt: opensAt };
    }
    if (text.startsWith(delimiter, end)) start = end + delimiter.length;
    else if (end === text.length || text[end] === '\r' || text[end] === '\n') return null;
    else return { kind: 'text-after', field, opensAt: start, breaksAt: end };
  }
}
