import { hash } from 'node:crypto';
import { hexWordAt } from '../hex-word.ts';

const fewestSlots = 1 << 10;
/** Memory counts more than steps: even near it a look takes some hundred steps through neighbouring words. */
const fullestRatio = 0.96;

/**
 * Which texts have been seen, at 8 to 17 bytes each whatever their length. Two texts are taken for one when 64 bits of
 * their SHA-256 agree: among a million, one chance in 37 million.
 */
export class HashSet {
  /** Open addressing; a slot is two words, and two zeros mark a free one. The number of slots is a power of two. */
  #words = new Uint32Array(2 * fewestSlots);
  #size = 0;

  /** False where the text was there already. */
  addIfNew(text: string): boolean {
    return this.addDigestIfNew(hash('sha256', text));
  }

  /** The same for a text whose SHA-256 is at hand, in lower-case hexadecimal. */
  addDigestIfNew(digest: string): boolean {
    const high = hexWordAt(digest, 0);
    const low = hexWordAt(digest, 8);
    const isNew = this.#insert(high, high === 0 && low === 0 ? 1 : low);
    if (isNew && ++this.#size > (this.#words.length / 2) * fullestRatio) this.#grow();
    return isNew;
  }

  #insert(high: number, low: number): boolean {
    const words = this.#words;
    const last = words.length - 1;
    let at = (2 * low) & last;
    while (words[at] !== 0 || words[at + 1] !== 0) {
      if (words[at] === high && words[at + 1] === low) return false;
      at = (at + 2) & last;
    }
    words[at] = high;
    words[at + 1] = low;
    return true;
  }

  #grow(): void {
    const old = this.#words;
    this.#words = new Uint32Array(2 * old.length);
    for (let at = 0; at < old.length; at += 2) {
      const [high = 0, low = 0] = [old[at], old[at + 1]];
      if (high !== 0 || low !== 0) this.#insert(high, low);
    }
  }
}
