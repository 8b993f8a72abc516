import { hash } from 'node:crypto';
import { readUint32Hex } from '../hex-word.ts';

/** A slot has two words; two zeros mark a free slot. */
const wordsPerSlot = 2;
const slotsPerPage = 1 << 13;
/** Memory matters more than steps: even near this limit a look-up takes some hundred steps through adjacent words. */
const maxPerPage = Math.floor(slotsPerPage * 0.99);

const newPage = (): Uint32Array => new Uint32Array(wordsPerSlot * slotsPerPage);

/** Open addressing within one page, which is never full. False if the entry already exists. */
function insert(page: Uint32Array, high: number, low: number): boolean {
  const last = page.length - 1;
  let at = (wordsPerSlot * low) & last;
  while (page[at] !== 0 || page[at + 1] !== 0) {
    if (page[at] === high && page[at + 1] === low) return false;
    at = (at + wordsPerSlot) & last;
  }
  page[at] = high;
  page[at + 1] = low;
  return true;
}

/**
 * A set of texts that needs 8 to 17 bytes per text of any length. Texts with the same 64 bits of their SHA-256 count as
 * equal: among a million, one chance in 37 million.
 *
 * It grows by splitting pages in place: copying the table to one of twice its size would leave as much garbage.
 */
export class HashSet {
  /** The number of pages is a power of two: the low bits of an entry's first word select the page. */
  #pages = [newPage()];
  #counts = [0];

  /** False if the text is already in the set. */
  addIfNew(text: string): boolean {
    return this.addDigestIfNew(hash('sha256', text));
  }

  /** The same, given the text's SHA-256 in lower-case hexadecimal. */
  addDigestIfNew(digest: string): boolean {
    const high = readUint32Hex(digest, 0);
    const low = readUint32Hex(digest, 8);
    return this.#insert(high, high === 0 && low === 0 ? 1 : low);
  }

  #insert(high: number, low: number): boolean {
    const number = high & (this.#pages.length - 1);
    const page = this.#pages[number];
    if (page === undefined || !insert(page, high, low)) return false;
    const count = (this.#counts[number] ?? 0) + 1;
    this.#counts[number] = count;
    if (count > maxPerPage) this.#split();
    return true;
  }

  /** Splits every page into itself and a new one. */
  #split(): void {
    const pages = this.#pages;
    this.#pages = [...pages, ...pages.map(newPage)];
    this.#counts = this.#pages.map(() => 0);
    const words = newPage();
    for (const page of pages) {
      words.set(page);
      page.fill(0);
      this.#insertAll(words);
    }
  }

  #insertAll(words: Uint32Array): void {
    for (let at = 0; at < words.length; at += wordsPerSlot) {
      const [high = 0, low = 0] = [words[at], words[at + 1]];
      if (high !== 0 || low !== 0) this.#insert(high, low);
    }
  }
}
