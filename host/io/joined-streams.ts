import { Duplex, type Readable, type Writable } from 'node:stream';
import { destroyOutput } from './destroy-output.ts';
import { ignoreErrors } from './ignore-errors.ts';

/**
 * A pair of byte streams, such as the standard streams of a process, as one. They belong to it: it ends
 * and destroys them.
 */
export class JoinedStreams extends Duplex {
  readonly #input: Readable;
  readonly #output: Writable;

  /** @param input Nothing else may read from it. */
  constructor(input: Readable, output: Writable) {
    super();
    this.#input = input;
    this.#output = output;
    for (const stream of [this, input, output]) ignoreErrors(stream);
    // Listen from the start: Node.js drains the output of a dead child even without a listener.
    input.pause();
    input.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) input.pause();
    });
    input.once('end', () => this.push(null));
    input.once('error', (error) => this.destroy(error));
    input.once('close', () => this.destroy());
    output.once('error', (error) => this.destroy(error));
    output.once('close', () => this.destroy());
  }

  override _read(): void {
    this.#input.resume();
  }

  override _write(chunk: Buffer, _: unknown, written: (error?: Error | null) => void): void {
    this.#output.write(chunk, written);
  }

  override _writev(
    chunks: readonly { readonly chunk: Buffer }[],
    written: (error?: Error | null) => void,
  ): void {
    this.#output.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), written);
  }

  override _final(ended: (error?: Error | null) => void): void {
    this.#output.end(() => ended());
  }

  override _destroy(error: Error | null, destroyed: (error: Error | null) => void): void {
    this.#input.destroy();
    destroyOutput(this.#output);
    destroyed(error);
  }
}
