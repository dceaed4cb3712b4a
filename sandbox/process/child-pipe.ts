import { readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** What a pipe reports. */
export interface ChildPipeEvents {
  /** The next bytes. Their memory is used again when this returns. */
  readonly onBytes: (chunk: Buffer) => void;
  /** Everything has been written after some of it had to wait. */
  readonly onDrain: () => void;
  /** The other end is closed. */
  readonly onEnd: () => void;
}

/** As many as the system keeps in a pipe. */
const READ_BYTES = 256 << 10;
/** Between two looks at the pipe while this thread waits for it, in milliseconds. */
const LOOK_MS = 1;

/**
 * The sandbox process's end of the pipe to its host.
 *
 * Most of the time the event loop reads it. While the thread of the loop is inside an isolate, nobody
 * does: then everything is written at once, and `read` takes what has arrived.
 */
export class ChildPipe {
  readonly #fd: number;
  readonly #events: ChildPipeEvents;
  readonly #socket: Socket;
  /** For `read`, which may be called by what reads from the socket. */
  readonly #room = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #never = new Int32Array(new SharedArrayBuffer(4));
  /** Chunks to write: several if some came while another one was being written. */
  readonly #later: (readonly [Buffer, (() => void) | undefined])[] = [];
  #isWriting = false;
  #isReading = false;
  #mayBlock = false;

  constructor(fd: number, events: ChildPipeEvents) {
    this.#fd = fd;
    this.#events = events;
    const callback = (length: number, bytes: Uint8Array) => {
      events.onBytes(bytes.subarray(0, length) as Buffer);
      return true;
    };
    const onread = { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback };
    this.#socket = new Socket({ fd, readable: true, writable: true, onread });
    this.#socket.on('drain', events.onDrain);
    this.#socket.on('end', events.onEnd).on('error', events.onEnd).on('close', events.onEnd);
  }

  /** Bytes that wait until the host has read others. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Whether this thread waits for room in the pipe, because the event loop cannot. */
  set mayBlock(mayBlock: boolean) {
    this.#mayBlock = mayBlock;
  }

  /**
   * Writes a chunk, which the pipe owns until `taken` is called. May block only if it may and nothing
   * was unsent before.
   */
  write(chunk: Buffer, taken?: () => void): void {
    if (this.unsentBytes > 0) return void this.#socket.write(chunk, taken);
    this.#later.push([chunk, taken]);
    if (this.#isWriting) return;
    this.#isWriting = true;
    for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) {
      this.#writeNow(...next);
    }
    this.#isWriting = false;
  }

  /** Takes what has arrived, without the event loop. */
  read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    for (let chunk = this.#readNow(); chunk !== null; chunk = this.#readNow()) {
      this.#events.onBytes(chunk);
    }
    this.#isReading = false;
  }

  /** Blocks this thread for a moment. */
  rest(): void {
    Atomics.wait(this.#never, 0, 0, LOOK_MS);
  }

  #writeNow(chunk: Buffer, taken: (() => void) | undefined): void {
    let at = this.#writeSome(chunk, 0);
    while (at < chunk.length && this.#mayBlock) {
      // The host stops reading while much of what it has sent is unread.
      this.read();
      this.rest();
      at = this.#writeSome(chunk, at);
    }
    if (at < chunk.length) this.#socket.write(chunk.subarray(at), taken);
    else taken?.();
  }

  /** @returns Up to where the chunk is written. */
  #writeSome(chunk: Buffer, from: number): number {
    let at = from;
    try {
      while (at < chunk.length) at += writeSync(this.#fd, chunk, at);
    } catch (error) {
      if (!isFull(error)) this.#events.onEnd();
    }
    return at;
  }

  #readNow(): Buffer | null {
    const room = this.#room;
    try {
      const bytes = readSync(this.#fd, room);
      if (bytes === 0) this.#events.onEnd();
      return bytes === 0 ? null : room.subarray(0, bytes);
    } catch (error) {
      if (!isFull(error)) this.#events.onEnd();
      return null;
    }
  }
}

function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN';
}
