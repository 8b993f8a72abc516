/** A byte stream with a look-ahead. */
export class Peekable implements AsyncIterable<Buffer> {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #head: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** True if nothing follows the peeked bytes. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The start of the stream, once `isEnough` accepts it; the whole stream if that ends first. */
  async peek(isEnough: (head: Buffer) => boolean): Promise<Buffer> {
    while (!this.#ended && !isEnough(this.#head)) {
      const next = await this.#chunks.next();
      if (next.done === true) this.#ended = true;
      else this.#head = Buffer.concat([this.#head, next.value]);
    }
    return this.#head;
  }

  /** Skips the first `bytes`, which must have been peeked. */
  skip(bytes: number): void {
    this.#head = this.#head.subarray(bytes);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    if (this.#head.length > 0) yield this.#head;
    this.#head = Buffer.alloc(0);
    while (!this.#ended) {
      const next = await this.#chunks.next();
      if (next.done === true) return;
      yield Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
  }
}
