import type { Result } from './result.ts';

/** Names and values as text, in order. */
export interface FlatObject {
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** The names whose value is no text in JSON: theirs is here as written, and null is empty. */
  readonly literals: readonly string[];
}

/** Why a text is not such an object. */
export interface FlatObjectError {
  /** The member at fault; null if it is none. */
  readonly name: string | null;
  readonly reason: string;
  /** The fix, as a sentence. */
  readonly fix: string;
}

const plainValue = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
/** A byte order mark may stand at the start, where files were joined. */
const blanks = /[ \t\r\n\uFEFF]*/y;

/** Parses a text from left to right. A failed read returns null and does not move the position. */
class Walk {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next non-blank character; empty at the end. */
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

  /** A number or boolean as written; empty text for null. */
  plain(): string | null {
    plainValue.lastIndex = this.#at;
    const written = plainValue.exec(this.#text)?.[0];
    if (written === undefined) return null;
    this.#at += written.length;
    return written === 'null' ? '' : written;
  }

  /** An object or array as written; null if it is not complete. */
  nested(): string | null {
    const open = this.#at;
    let depth = 0;
    do {
      const next = this.peek();
      if (next === '"' ? this.string() === null : next === '') return this.#back(open);
      if (next !== '"') this.#at++;
      if (next === '{' || next === '[') depth++;
      if (next === '}' || next === ']') depth--;
    } while (depth > 0);
    const written = this.#text.slice(open, this.#at);
    try {
      JSON.parse(written);
      return written;
    } catch {
      return this.#back(open);
    }
  }

  #back(at: number): null {
    this.#at = at;
    return null;
  }

  /** What was expected here. It says nothing of the text, which may hold a secret. */
  expected(what: string, name: string | null = null): FlatObjectError {
    const before = this.#text.slice(0, this.#at).split('\n');
    const line = before.length === 1 ? '' : `line ${before.length}, `;
    const reason = `not JSON: ${what} expected at ${line}column ${(before.at(-1)?.length ?? 0) + 1}`;
    return { name, reason, fix: 'Write one complete object.' };
  }

  #isEscaped(quote: number): boolean {
    let backslashes = 0;
    while (this.#text[quote - 1 - backslashes] === '\\') backslashes++;
    return backslashes % 2 === 1;
  }
}

/** What a literal is on the wire: booleans are 1 and 0 there. */
export function wireTextOf(literal: string): string {
  return literal === 'true' || literal === 'false' ? String(Number(literal === 'true')) : literal;
}

/** True for a member that holds a whole task in the requests of other services. */
export const isWrapper = (name: string): boolean => /^(?:task|params|parameters|options|data)$/i.test(name);

function nested(name: string): FlatObjectError {
  const reason = 'the value is an object or an array';
  if (isWrapper(name)) return { name, reason, fix: 'Write its members next to the others, without this name.' };
  if (/^cookies$/i.test(name)) return { name, reason, fix: 'Write it as text: "name:value;name2:value2".' };
  if (/^proxy$/i.test(name)) return { name, reason, fix: 'Write it as text: "user:password@host:port".' };
  return { name, reason, fix: 'Write it as text: "{\\"a\\": 1}".' };
}

interface Member {
  readonly name: string;
  readonly value: string;
  readonly isLiteral: boolean;
}

/** True for members that may hold an object or an array; its text is then their value. */
export type IsFree = (name: string) => boolean;

function readMember(walk: Walk, isFree: IsFree): Member | FlatObjectError {
  const name = walk.string();
  if (name === null) return walk.expected('a name in double quotes');
  if (!walk.accept(':')) return walk.expected(':', name);
  const next = walk.peek();
  const isNested = next === '{' || next === '[';
  if (isNested && !isFree(name)) return nested(name);
  const value = isNested ? walk.nested() : next === '"' ? walk.string() : walk.plain();
  return value === null ? walk.expected('a complete value', name) : { name, value, isLiteral: next !== '"' };
}

/**
 * Parses one JSON object with strings, numbers, booleans or nulls as values. Numbers keep their digits, unlike with
 * `JSON.parse`; null becomes empty text.
 */
export function parseFlatObject(text: string, isFree: IsFree = () => false): Result<FlatObject, FlatObjectError> {
  const walk = new Walk(text);
  const names: string[] = [];
  const values: string[] = [];
  const literals: string[] = [];
  if (!walk.accept('{')) return { error: walk.expected('an object') };
  if (walk.peek() !== '}') {
    do {
      const member = readMember(walk, isFree);
      if ('reason' in member) return { error: member };
      names.push(member.name);
      values.push(member.value);
      if (member.isLiteral) literals.push(member.name);
    } while (walk.accept(','));
  }
  if (!walk.accept('}')) return { error: walk.expected(', or }') };
  return walk.peek() === '' ? { value: { names, values, literals } } : { error: walk.expected('the end') };
}
