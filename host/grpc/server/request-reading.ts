import type { Readable } from 'node:stream';
import type { Reading } from '../../core/reading-gate.ts';

/** Pauses reading the requests of one connection. Their flow control makes the client wait. */
export class RequestReading implements Reading {
  readonly #streams = new Set<Readable>();
  #isPaused = false;

  /** Reads a request, now or after a pause. Call it when the stream has its listeners. */
  add(stream: Readable): void {
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    if (this.#isPaused) stream.pause();
  }

  pause(): void {
    this.#isPaused = true;
    for (const stream of this.#streams) stream.pause();
  }

  resume(): void {
    this.#isPaused = false;
    for (const stream of this.#streams) stream.resume();
  }
}
