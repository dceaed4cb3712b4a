const HEADER_BYTES = 4;

/** One message with its length before it: four bytes, little-endian. */
export function frame(json: string): Buffer {
  const bytes = Buffer.byteLength(json);
  const framed = Buffer.allocUnsafe(HEADER_BYTES + bytes);
  framed.writeUInt32LE(bytes, 0);
  framed.write(json, HEADER_BYTES);
  return framed;
}

/** Splits a byte stream into messages. */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #length = 0;

  /** @returns The messages that are complete now. */
  push(chunk: Buffer): readonly Buffer[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const found: Buffer[] = [];
    for (let body = this.#take(); body !== null; body = this.#take()) found.push(body);
    return found;
  }

  #take(): Buffer | null {
    if (this.#length < HEADER_BYTES) return null;
    if (this.#first().length < HEADER_BYTES) this.#join();
    const size = HEADER_BYTES + this.#first().readUInt32LE(0);
    if (this.#length < size) return null;
    this.#join();
    const whole = this.#first();
    this.#chunks = [whole.subarray(size)];
    this.#length -= size;
    return whole.subarray(HEADER_BYTES, size);
  }

  /** The first chunk that is not empty. */
  #first(): Buffer {
    while (this.#chunks.length > 1 && this.#chunks[0]?.length === 0) this.#chunks.shift();
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  #join(): void {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
  }
}
