import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { ByteLines } from '../../io/byte-lines.ts';
import { ignoreErrors } from '../../io/ignore-errors.ts';

/** The longest line that is forwarded, in bytes. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

const NEWLINE = Buffer.from('\n');

/** Writes whole lines to one side. Lines of several writers are never mixed. */
export class LineOutlet {
  readonly #output: Writable;

  constructor(output: Writable) {
    this.#output = output;
    ignoreErrors(output);
  }

  /** Writes a line, without its end. What a side misses that is gone is lost. */
  send(line: Buffer | string): void {
    if (!this.#output.writable) return;
    this.#output.write(line);
    this.#output.write(NEWLINE);
  }

  /** Resolves when there is room, or this side is gone. @throws The signal's reason. */
  async room(signal?: AbortSignal): Promise<void> {
    while (this.#output.writableNeedDrain && this.#output.writable) {
      await turn(this.#output, signal);
    }
    signal?.throwIfAborted();
  }

  /** Writes what a side said without a newline behind it. */
  sendRest(rest: Buffer): void {
    if (this.#output.writable && rest.length > 0) this.#output.write(rest);
  }

  /** Ends this side, once all is written. Safe to call twice. */
  end(): void {
    if (this.#output.writable) this.#output.end();
  }

  /** Does all writes of `work` in one. */
  together(work: () => void): void {
    this.#output.cork();
    try {
      work();
    } finally {
      this.#output.uncork();
    }
  }
}

/** What becomes of a line: other bytes, the line itself, or null for nothing. */
export type LineFilter = (line: Buffer) => Buffer | null;

/**
 * Forwards lines until the input ends, as fast as the output takes them.
 *
 * @returns What came after the last newline.
 * @throws RangeError for a line over 64 MiB; the input's error.
 */
export async function pumpLines(
  input: Readable,
  outlet: LineOutlet,
  filter: LineFilter,
): Promise<Buffer> {
  const lines = new ByteLines(MAX_LINE_BYTES);
  for await (const chunk of input) {
    outlet.together(() => {
      for (const line of lines.push(chunk)) {
        const forwarded = filter(line);
        if (forwarded !== null) outlet.send(forwarded);
      }
    });
    await outlet.room();
  }
  return lines.rest();
}

/** Resolves at the next sign that a stream has room, or is gone. */
async function turn(output: Writable, signal: AbortSignal | undefined): Promise<void> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  const heard = ['drain', 'close', 'error'].map((name) =>
    once(output, name, { signal: controller.signal }),
  );
  try {
    await Promise.race(heard);
  } catch {
    // Whatever happened is seen in the state of the stream.
  } finally {
    controller.abort();
    signal?.removeEventListener('abort', stop);
    await Promise.allSettled(heard);
  }
  signal?.throwIfAborted();
}
