const fullStop = 46;
/** Keeps a hash a small integer, which needs no memory of its own. */
const smallInteger = 0x3fff_ffff;

const hashedWith = (hash: number, code: number): number => (Math.imul(hash, 31) + code) & smallInteger;

/** A hash of the label that ends before `end`. */
function hashBefore(host: string, end: number): number {
  let hash = 0;
  for (let index = end - 1; index >= 0; index -= 1) {
    const code = host.charCodeAt(index);
    if (code === fullStop) break;
    hash = hashedWith(hash, code);
  }
  return hash;
}

/**
 * Things by a label of a host, found in the host without cutting the label out of it: to do so takes longer than all
 * else that routing does, save to parse the URL.
 */
export class LabelMap<T extends { readonly label: string }> {
  readonly #buckets = new Map<number, T[]>();

  add(thing: T): void {
    const { label } = thing;
    const hash = hashBefore(label, label.length);
    const bucket = this.#buckets.get(hash) ?? [];
    bucket.push(thing);
    this.#buckets.set(hash, bucket);
  }

  /** The one of the label that ends before `end`: at the end of `host`, or at a full stop in it. */
  before(host: string, end: number): T | null {
    const bucket = this.#buckets.get(hashBefore(host, end));
    if (bucket === undefined) return null;
    for (const thing of bucket) {
      const start = end - thing.label.length;
      const isWhole = start === 0 || host.charCodeAt(start - 1) === fullStop;
      if (isWhole && host.startsWith(thing.label, start)) return thing;
    }
    return null;
  }
}
