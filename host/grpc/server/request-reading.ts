import type { Readable } from 'node:stream';
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

/**
 * Reads the requests of one connection: all of them, but few large ones at a time. Flow control of
 * HTTP/2 makes the client wait with the others.
 */
export class RequestReading implements Reading {
  readonly #streams = new Set<Readable>();
  readonly #turns = new ReadingTurns<Readable>(LARGE_AT_ONCE);
  #isPaused = false;
  /** Whether a large request has come on since the last look. */
  #isMoving = false;
  #watch: NodeJS.Timeout | undefined;

  /** Reads a request, now or after a pause. Call it when the stream has its listeners. */
  add(stream: Readable): void {
    this.#streams.add(stream);
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      const wasLarge = bytes >= LARGE_BYTES;
      bytes += chunk.length;
      if (wasLarge) this.#isMoving = true;
      else if (bytes >= LARGE_BYTES) this.#grown(stream);
    });
    stream.once('end', () => this.#whole(stream));
    stream.once('close', () => {
      this.#streams.delete(stream);
      this.#whole(stream);
    });
    if (this.#isPaused) stream.pause();
  }

  pause(): void {
    this.#isPaused = true;
    for (const stream of this.#streams) stream.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#isMoving = true;
    for (const stream of this.#streams) if (!this.#turns.waits(stream)) stream.resume();
  }

  #grown(stream: Readable): void {
    if (!this.#streams.has(stream) || this.#turns.want(stream)) return;
    stream.pause();
    this.#watchStall();
  }

  /** Nothing more comes of a request. */
  #whole(stream: Readable): void {
    this.#read(this.#turns.leave(stream));
  }

  #read(next: Readable | undefined): void {
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
