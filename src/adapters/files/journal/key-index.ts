import { readUint32Hex } from '../hex-word.ts';
import { assertKey } from './step.ts';

const wordsPerKey = 4;

function wordsOf(key: string): readonly [number, number, number, number] {
  assertKey(key);
  return [readUint32Hex(key, 0), readUint32Hex(key, 8), readUint32Hex(key, 16), readUint32Hex(key, 24)];
}

/**
 * Numbers 128-bit keys from 0 in the order of their first use. The keys are words in one typed array, found through an
 * open-addressing table of their numbers: about 24 bytes per key and no objects, unlike a `Set` of strings.
 */
export class KeyIndex {
  #words = new Uint32Array(wordsPerKey * 1024);
  /** The key's number plus one; 0 marks a free slot. The length is a power of two. */
  #slots = new Uint32Array(2048);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The key's number; undefined for an unknown key. Throws `RangeError` for an invalid key. */
  find(key: string): number | undefined {
    const found = (this.#slots[this.#slotOf(wordsOf(key))] ?? 0) - 1;
    return found < 0 ? undefined : found;
  }

  /** The key's number; a new key gets the next one. */
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

  /** The slot with the key, or the free slot for it. */
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
