/** From this many bytes on, calls and notifications wait. */
const HIGH_WATER_BYTES = 1 << 20;

/** Counts the bytes of messages that a client has not taken. */
export class UnreadBytes {
  #bytes = 0;
  #isOver = false;
  #room: PromiseWithResolvers<void> | null = null;

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts a message. @returns Call it once, when the message was taken or lost. */
  add(bytes: number): () => void {
    this.#bytes += bytes;
    return () => {
      this.#bytes -= bytes;
      if (this.#bytes < HIGH_WATER_BYTES) this.#wake();
    };
  }

  /** What to wait for before sending more; undefined if there is room. Also resolves at the end. */
  drained(): Promise<void> | undefined {
    if (this.#isOver || this.#bytes < HIGH_WATER_BYTES) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Nobody has to wait any more. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  #wake(): void {
    this.#room?.resolve();
    this.#room = null;
  }
}

/** The size of a message, perhaps in parts. */
export function sizeOf(message: Buffer | readonly Buffer[]): number {
  if (Buffer.isBuffer(message)) return message.length;
  return message.reduce((bytes, { length }) => bytes + length, 0);
}
