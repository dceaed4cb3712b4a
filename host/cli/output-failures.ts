import type { CliIo, CliOutput } from './cli-io.ts';
import { printLabelled } from './print.ts';

/** What a command ends with whose output could not be written. */
const BROKEN = 2;
/** The codes of signals begin here. */
const SIGNALLED = 128;

/**
 * Hears when the output of a command cannot be written. A reader that has gone is not an error; a
 * full disk is, and is told on standard error.
 *
 * Listens as long as the process lives: an error that nobody hears would end it with a trace.
 */
export class OutputFailures {
  readonly #io: CliIo;
  #isBroken = false;
  /** Called at the first failure, with the code to end with. */
  onFailure: (exitCode: number) => void = () => {};

  constructor(io: CliIo) {
    this.#io = io;
    io.stdout.on('error', (error) => this.#failed(error, true));
    io.stderr.on('error', (error) => this.#failed(error, false));
  }

  /** The code a command ends with that would end with this one, had all been written. */
  codeAfter(exitCode: number): number {
    return this.#isBroken && exitCode < SIGNALLED ? BROKEN : exitCode;
  }

  /** Resolves when all of the output is written, or cannot be, or the signal aborts. */
  async flushed(signal: AbortSignal): Promise<void> {
    if (!isTaken(this.#io.stdout)) {
      // Loaded here, because a client that greets a host does not wait for it.
      const { abortable } = await import('abort-controller-x');
      await abortable(signal, flush(this.#io.stdout)).catch(() => {});
    }
    // Streams tell of an error in a turn of its own.
    await new Promise((resolve) => setImmediate(resolve));
  }

  #failed(error: NodeJS.ErrnoException, canTell: boolean): void {
    if (this.#isBroken) return;
    const isBroken = !isReaderGone(error);
    this.#isBroken = isBroken;
    if (isBroken && canTell) {
      printLabelled(this.#io.stderr, 'cellhost:', `Cannot write output: ${error.message}`);
    }
    this.onFailure(isBroken ? BROKEN : 0);
  }
}

/** Resolves when what was written so far has left, or the stream is over. */
export function flush(stream: CliOutput): Promise<void> {
  // Nothing is written to find that out: on some devices even that fails.
  if (isTaken(stream)) return Promise.resolve();
  return new Promise((resolve) => stream.write('', () => resolve()));
}

/** Whether nothing of what was written waits any more. */
function isTaken({ writableLength, destroyed }: CliOutput): boolean {
  return writableLength === 0 || destroyed;
}

/** What a write fails with when its reader left, or when this process gave the stream up. */
const GONE: readonly unknown[] = ['EPIPE', 'ERR_STREAM_DESTROYED', 'ECANCELED'];

/** Whether a write failed because its stream has no reader any more, rather than for a fault. */
export function isReaderGone({ code }: NodeJS.ErrnoException): boolean {
  return GONE.includes(code);
}
