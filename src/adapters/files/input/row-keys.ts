import { hash } from 'node:crypto';
import { HashSet } from './hash-set.ts';

const keyDigits = 32;

interface ContentColumn {
  /** Index of the column's value in the record. */
  readonly index: number;
  /** The name with its length, so that different contents never produce the same text. */
  readonly label: string;
}

function contentColumns(names: readonly string[], ignored: ReadonlySet<string>): ContentColumn[] {
  return names
    .map((name, index) => ({ name, index }))
    .filter(({ name }) => !ignored.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, index }) => ({ index, label: `${name.length}:${name}` }));
}

/**
 * Creates keys for records from their content and, among records of equal content, their occurrence. The order of
 * columns, empty values and the columns in `ignored` do not count. Use one instance per pass over an input.
 *
 * Records with a value in `idColumn` count as unique and are not stored: the reader rejects duplicate ids.
 */
export class RowKeys {
  readonly #ignored: ReadonlySet<string>;
  readonly #seen = new HashSet();
  /** Only contents that occur more than once, by 52 bits of their digest: numbers need little memory. */
  readonly #occurrences = new Map<number, number>();
  readonly #idColumn: string | null;
  #names: readonly string[] = [];
  #idIndex = -1;
  #columns: readonly ContentColumn[] = [];

  constructor(ignored: ReadonlySet<string>, idColumn: string | null = null) {
    this.#ignored = ignored;
    this.#idColumn = idColumn;
  }

  /** The first 128 bits of a SHA-256, in hexadecimal. */
  keyOf(names: readonly string[], values: readonly string[]): string {
    const content = this.#contentOf(names, values);
    const digest = hash('sha256', content);
    const hasId = (values[this.#idIndex] ?? '') !== '';
    if (hasId || this.#seen.addDigestIfNew(digest)) return digest.slice(0, keyDigits);
    const short = Number.parseInt(digest.slice(0, 13), 16);
    const occurrence = (this.#occurrences.get(short) ?? 1) + 1;
    this.#occurrences.set(short, occurrence);
    return hash('sha256', `${content}#${occurrence}`).slice(0, keyDigits);
  }

  #contentOf(names: readonly string[], values: readonly string[]): string {
    // All records of a CSV share one array of names.
    if (names !== this.#names) {
      this.#names = names;
      this.#columns = contentColumns(names, this.#ignored);
      this.#idIndex = this.#idColumn === null ? -1 : names.indexOf(this.#idColumn);
    }
    let content = '';
    for (const { index, label } of this.#columns) {
      const value = values[index] ?? '';
      if (value !== '') content += `${label}${value.length}:${value}`;
    }
    return content;
  }
}
