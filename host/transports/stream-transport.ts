import type { Readable, Writable } from 'node:stream';
import { ReadAhead } from '../../sandbox/process/read-ahead.ts';
import { CodeModeError } from '../../src/errors.ts';
import { destroyOutput } from '../io/destroy-output.ts';
import { ignoreErrors } from '../io/ignore-errors.ts';
import { MessageReader, MessageWriter } from '../wire/framing.ts';
import type { MessageBody, Transport } from '../wire/transport.ts';
import type { Wire, WireEvents } from './wire.ts';
import { type TransportOptions, WireTransport } from './wire-transport.ts';

/**
 * Messages over a pair of byte streams, such as the standard streams of a process, or over a socket,
 * passed as both. The streams belong to the transport, which destroys them at the end.
 *
 * @param peer Names the other end, for people.
 * @param input Nothing else may read from it. A socket should have `allowHalfOpen`; otherwise answers
 *   to the last messages of a peer that ends are lost.
 */
export function streamTransport(
  peer: string,
  input: Readable,
  output: Writable,
  options: TransportOptions = {},
): Transport {
  return new WireTransport(peer, new StreamWire(peer, input, output), options);
}

class StreamWire implements Wire {
  readonly #peer: string;
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #reader = new MessageReader();
  readonly #ahead: ReadAhead;
  readonly #writer: MessageWriter;
  #events!: WireEvents;
  #phase: 'open' | 'ending' | 'over' = 'open';
  #isInputEnded = false;
  #writeError: Error | null = null;
  #isFlushed = false;

  constructor(peer: string, input: Readable, output: Writable) {
    this.#peer = peer;
    this.#input = input;
    this.#ahead = new ReadAhead(input, this.#reader);
    this.#output = output;
    this.#writer = new MessageWriter((chunks) => this.#write(chunks));
  }

  get queuedBytes(): number {
    return this.#writer.gatheredBytes + this.#output.writableLength;
  }

  attach(events: WireEvents): void {
    this.#events = events;
    for (const stream of [this.#input, this.#output]) ignoreErrors(stream);
    // Listen from the start: Node.js drains the output of a dead child even without a listener.
    this.#input.pause();
    this.#input.on('data', this.#onData);
    this.#input.on('end', this.#onEnd);
    this.#input.on('error', this.#onInputError);
    this.#input.on('close', this.#onInputClose);
    if (this.#isSocket()) return;
    this.#output.on('error', this.#onOutputError);
    this.#output.on('close', this.#onOutputClose);
  }

  open(): void {
    this.#input.resume();
    if (this.#input.readableEnded) this.#onEnd();
    else if (this.#input.destroyed) this.#onInputClose();
  }

  next(): Buffer | null {
    const body = this.#reader.next();
    if (body === null && this.#isInputEnded) this.#reader.end();
    return body;
  }

  send(body: MessageBody): void {
    if (this.#output.writable) this.#writer.send(body);
  }

  pause(): void {
    this.#input.pause();
  }

  resume(): void {
    this.#input.resume();
  }

  end(): void {
    this.#phase = 'ending';
    this.#writer.flush();
    // If everything was taken, an output that closes meanwhile, as of an exiting process, loses nothing.
    const isTaken = this.#output.writableLength === 0;
    if (isTaken && this.#output.destroyed) return this.#flushed(this.#writeError);
    this.#output.end((error?: Error | null) =>
      this.#flushed(isTaken ? this.#writeError : (error ?? null)),
    );
  }

  destroy(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#input.off('data', this.#onData);
    this.#input.off('end', this.#onEnd);
    this.#input.off('error', this.#onInputError);
    this.#input.off('close', this.#onInputClose);
    this.#output.off('error', this.#onOutputError);
    this.#output.off('close', this.#onOutputClose);
    this.#input.destroy();
    destroyOutput(this.#output);
  }

  readonly #onData = (chunk: Buffer) => {
    if (this.#phase !== 'open') return;
    this.#reader.push(chunk);
    this.#events.readable();
    if (this.#ahead.read(chunk) > 0) this.#events.readable();
  };

  readonly #onEnd = () => {
    this.#isInputEnded = true;
    this.#inputOver(null);
  };

  readonly #onInputError = (error: Error) => this.#inputOver(this.#lost(error.message, error));

  readonly #onInputClose = () => {
    if (!this.#isInputEnded) this.#inputOver(this.#lost('it was closed'));
  };

  readonly #onOutputError = (error: Error) => {
    this.#writeError ??= error;
    if (this.#phase === 'open') this.#events.deaf(this.#lost(error.message, error));
  };

  readonly #onOutputClose = () => {
    if (this.#phase === 'open') this.#events.deaf(null);
  };

  readonly #onTaken = (error?: Error | null) => {
    if (error) this.#writeError ??= error;
    else if (this.#phase !== 'over') this.#events.taken();
  };

  #write(chunks: readonly Buffer[]): void {
    if (!this.#output.writable) return;
    if (chunks.length === 1) {
      this.#output.write(chunks[0], this.#onTaken);
      return;
    }
    this.#output.cork();
    for (const chunk of chunks) this.#output.write(chunk, this.#onTaken);
    this.#output.uncork();
  }

  #inputOver(error: Error | null): void {
    if (this.#phase === 'open') this.#events.ended(error);
    else if (this.#isFlushed) this.#events.finished(null);
  }

  /**
   * Keeps a socket until the peer has ended, too: data that it sends to a destroyed socket would make
   * its side drop what we sent last.
   */
  #flushed(error: Error | null): void {
    if (this.#phase !== 'ending') return;
    this.#isFlushed = true;
    if (error !== null) this.#events.finished(this.#lost(error.message, error));
    else if (!this.#isSocket() || this.#isInputEnded) this.#events.finished(null);
    else this.#input.resume();
  }

  #isSocket(): boolean {
    return (this.#input as unknown) === this.#output;
  }

  #lost(why: string, cause?: Error): Error {
    return new CodeModeError('connection_lost', `Lost the connection to ${this.#peer}: ${why}`, {
      cause,
    });
  }
}
