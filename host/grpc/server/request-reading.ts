import type { Reading } from '../../core/reading-gate.ts';
import { ReadingTurns } from './reading-turns.ts';

/** What a client may send of a request that is not read, in bytes. */
export const REQUEST_WINDOW_BYTES = 256 << 10;
/** From so many bytes on, a request is large. */
const LARGE_BYTES = 64 << 10;
/** Large requests that are read at a time: as many as a client may send at a time. */
const LARGE_AT_ONCE = 4;
/** If none of those sends anything for so long, one more is read, in milliseconds. */
const STALL_MS = 100;

/** A stream with a request. */
export interface RequestStream {
  pause(): unknown;
  resume(): unknown;
}

/**
 * Reads the requests of one connection: all of them, but few large ones at a time. Flow control of
 * HTTP/2 makes the client wait with the others.
 */
export class RequestReading implements Reading {
  /** How many bytes of each request have come. */
  readonly #bytes = new Map<RequestStream, number>();
  readonly #turns = new ReadingTurns<RequestStream>(LARGE_AT_ONCE);
  #isPaused = false;
  /** Whether a large request has come on since the last look. */
  #isMoving = false;
  #watch: NodeJS.Timeout | undefined;

  /** Reads a request, now or after a pause. Call it when the stream has its listeners. */
  add(stream: RequestStream): void {
    this.#bytes.set(stream, 0);
    if (this.#isPaused) stream.pause();
  }

  /** More of a request has come. */
  arrived(stream: RequestStream, bytes: number): void {
    const before = this.#bytes.get(stream);
    if (before === undefined) return;
    this.#bytes.set(stream, before + bytes);
    if (before >= LARGE_BYTES) this.#isMoving = true;
    else if (before + bytes >= LARGE_BYTES) this.#grown(stream);
  }

  /** Nothing more comes of a request. */
  whole(stream: RequestStream): void {
    this.#read(this.#turns.leave(stream));
  }

  /** A stream is over, whole or not. */
  over(stream: RequestStream): void {
    this.#bytes.delete(stream);
    this.whole(stream);
  }

  pause(): void {
    this.#isPaused = true;
    for (const stream of this.#bytes.keys()) stream.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#isMoving = true;
    for (const stream of this.#bytes.keys()) if (!this.#turns.waits(stream)) stream.resume();
  }

  #grown(stream: RequestStream): void {
    if (this.#turns.want(stream)) return;
    stream.pause();
    this.#watchStall();
  }

  #read(next: RequestStream | undefined): void {
    if (next !== undefined && !this.#isPaused) next.resume();
  }

  /** A client that does not go on with its large requests must not keep others from going on. */
  #watchStall(): void {
    this.#watch ??= setTimeout(() => {
      this.#watch = undefined;
      if (!this.#isMoving && !this.#isPaused) this.#read(this.#turns.next());
      this.#isMoving = false;
      if (this.#turns.waiting > 0) this.#watchStall();
    }, STALL_MS).unref();
  }
}
