/** The bytes that were handed to a parser and belong to no record yet. Offsets count from the beginning of the input. */
export class ByteTrail {
  #chunks: Buffer[] = [];
  #start = 0;
  #length = 0;

  /** The offset of the first byte that is kept. */
  get start(): number {
    return this.#start;
  }

  get length(): number {
    return this.#length;
  }

  append(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The bytes before offset `end`, which are kept no longer. */
  take(end: number): Buffer {
    const size = end - this.#start;
    const bytes = this.#joined(size);
    const taken = bytes.subarray(0, size);
    this.#chunks[0] = bytes.subarray(size);
    this.#start = end;
    this.#length -= taken.length;
    return taken;
  }

  /** All bytes that are kept. */
  rest(): Buffer {
    return this.#joined(this.#length);
  }

  /** The first chunk, made long enough to hold `size` bytes: nearly always it is. */
  #joined(size: number): Buffer {
    let [first = Buffer.alloc(0)] = this.#chunks;
    if (first.length < size) {
      first = Buffer.concat(this.#chunks);
      this.#chunks = [first];
    }
    return first;
  }
}
