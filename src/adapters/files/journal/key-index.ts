import { readUint32Hex } from '../hex-word.ts';
import { assertKey } from './step.ts';

const wordsPerKey = 4;

function wordsOf(key: string): readonly [number, number, number, number] {
  assertKey(key);
  return [readUint32Hex(key, 0), readUint32Hex(key, 8), readUint32Hex(key, 16), readUint32Hex(key, 24)];
}

/**
 * Numbers keys of 128 bits from 0 in the order in which they are first seen. Keys are kept as words in one typed array
 * and found through an open-addressing table of their numbers: some 24 bytes per key and no object, where a `Set` of
 * strings has one for each.
 */
export class KeyIndex {
  #words = new Uint32Array(wordsPerKey * 1024);
  /** The number of the key plus one; 0 is a free slot. Its length is a power of two. */
  #slots = new Uint32Array(2048);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The key's number; undefined for one that was never added. Throws `RangeError` for what is no key. */
  find(key: string): number | undefined {
    const found = (this.#slots[this.#slotOf(wordsOf(key))] ?? 0) - 1;
    return found < 0 ? undefined : found;
  }

  /** The key's number, a new one where it was never seen. */
  add(key: string): number {
    const words = wordsOf(key);
    const slot = this.#slotOf(words);
    const taken = this.#slots[slot] ?? 0;
    if (taken > 0) return taken - 1;
    const number = this.#size++;
    if (wordsPerKey * this.#size > this.#words.length) this.#words = doubled(this.#words);
    this.#words.set(words, wordsPerKey * number);
    this.#slots[slot] = number + 1;
    if (4 * this.#size > 3 * this.#slots.length) this.#rehash();
    return number;
  }

  /** The slot that holds the key, or the free one where it belongs. */
  #slotOf([a, b, c, d]: readonly [number, number, number, number]): number {
    const [slots, words] = [this.#slots, this.#words];
    const mask = slots.length - 1;
    let slot = (a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca6b) ^ Math.imul(d, 0xc2b2ae35)) & mask;
    for (let taken = slots[slot] ?? 0; taken > 0; taken = slots[slot] ?? 0) {
      const at = wordsPerKey * (taken - 1);
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #rehash(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    const words = this.#words;
    for (let number = 0; number < this.#size; number++) {
      const at = wordsPerKey * number;
      const slot = this.#slotOf([words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0, words[at + 3] ?? 0]);
      this.#slots[slot] = number + 1;
    }
  }
}

function doubled(words: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * words.length);
  larger.set(words);
  return larger;
}
