/** A stream of bytes whose beginning can be looked at before it is read. */
export class Peekable implements AsyncIterable<Buffer> {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #head: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** True when nothing follows the bytes that were looked at. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The beginning of the stream, as soon as it `isEnough`; all of it where it ends before. */
  async peek(isEnough: (head: Buffer) => boolean): Promise<Buffer> {
    while (!this.#ended && !isEnough(this.#head)) {
      const next = await this.#chunks.next();
      if (next.done === true) this.#ended = true;
      else this.#head = Buffer.concat([this.#head, next.value]);
    }
    return this.#head;
  }

  /** Leaves out the first `bytes`, which must have been looked at. */
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
