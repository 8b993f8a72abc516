import { hash } from 'node:crypto';
import { readUint32Hex } from '../hex-word.ts';

/** A slot is two words, and two zeros mark a free one. */
const wordsPerSlot = 2;
const slotsPerPage = 1 << 13;
/** Memory counts more than steps: even near it a look takes some hundred steps through neighbouring words. */
const maxPerPage = Math.floor(slotsPerPage * 0.99);

const newPage = (): Uint32Array => new Uint32Array(wordsPerSlot * slotsPerPage);

/** Open addressing within one page, which is never full. False where the entry was there already. */
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
 * Which texts have been seen, at 8 to 17 bytes each whatever their length. Two texts are taken for one when 64 bits of
 * their SHA-256 agree: among a million, one chance in 37 million.
 *
 * It grows in pages, each of which is split where it lies: a table that is copied to one of twice its size would leave
 * as much behind again, until somebody collects it.
 */
export class HashSet {
  /** As many as a power of two: the low bits of an entry's first word choose one. */
  #pages = [newPage()];
  #counts = [0];

  /** False where the text was there already. */
  addIfNew(text: string): boolean {
    return this.addDigestIfNew(hash('sha256', text));
  }

  /** The same for a text whose SHA-256 is at hand, in lower-case hexadecimal. */
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

  /** Every page into itself and a new one. */
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
