/** Names and values as text, in their order. */
export interface FlatObject {
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** The names whose values are booleans; their text is `true` or `false`. */
  readonly truths: readonly string[];
}

/** Where a text is not an object of plain values; it says nothing of the text itself, which may hold a secret. */
export interface NotFlat {
  /** Counts characters from 1. */
  readonly column: number;
  /** The name whose value is at fault; null where it is something else. */
  readonly name: string | null;
  /** What was expected there; null where the value is an object or an array. */
  readonly expected: string | null;
}

const plainValue = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
const blanks = /[ \t\r\n]*/y;

/** Reads a text from left to right. What cannot be read is null, and leaves the place as it is. */
class Walk {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next character that is not blank; empty at the end. */
  peek(): string {
    blanks.lastIndex = this.#at;
    this.#at += blanks.exec(this.#text)?.[0].length ?? 0;
    return this.#text.charAt(this.#at);
  }

  accept(mark: string): boolean {
    const isThere = this.peek() === mark;
    if (isThere) this.#at++;
    return isThere;
  }

  string(): string | null {
    if (this.peek() !== '"') return null;
    let end = this.#text.indexOf('"', this.#at + 1);
    while (end !== -1 && this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1);
    const written = this.#text.slice(this.#at, end + 1);
    try {
      const value = JSON.parse(written) as string;
      this.#at = end + 1;
      return value;
    } catch {
      return null;
    }
  }

  /** A number or a boolean as it is written, and nothing for null. */
  plain(): string | null {
    plainValue.lastIndex = this.#at;
    const written = plainValue.exec(this.#text)?.[0];
    if (written === undefined) return null;
    this.#at += written.length;
    return written === 'null' ? '' : written;
  }

  fault(expected: string | null, name: string | null = null): NotFlat {
    return { column: this.#at + 1, name, expected };
  }

  #isEscaped(quote: number): boolean {
    let backslashes = 0;
    while (this.#text[quote - 1 - backslashes] === '\\') backslashes++;
    return backslashes % 2 === 1;
  }
}

interface Member {
  readonly name: string;
  readonly value: string;
  readonly isTruth: boolean;
}

function readMember(walk: Walk): Member | NotFlat {
  const name = walk.string();
  if (name === null) return walk.fault('a name in double quotes');
  if (!walk.accept(':')) return walk.fault(':', name);
  const next = walk.peek();
  if (next === '{' || next === '[') return walk.fault(null, name);
  const value = next === '"' ? walk.string() : walk.plain();
  return value === null ? walk.fault('a complete value', name) : { name, value, isTruth: next === 't' || next === 'f' };
}

/**
 * Reads one JSON object whose values are strings, numbers, booleans or null. Numbers keep the digits with which they are
 * written, which `JSON.parse` would not do; null is empty text.
 */
export function parseFlatObject(text: string): FlatObject | NotFlat {
  const walk = new Walk(text);
  const names: string[] = [];
  const values: string[] = [];
  const truths: string[] = [];
  if (!walk.accept('{')) return walk.fault('an object');
  if (walk.peek() !== '}') {
    do {
      const member = readMember(walk);
      if ('expected' in member) return member;
      names.push(member.name);
      values.push(member.value);
      if (member.isTruth) truths.push(member.name);
    } while (walk.accept(','));
  }
  if (!walk.accept('}')) return walk.fault(', or }');
  return walk.peek() === '' ? { names, values, truths } : walk.fault('nothing more');
}
