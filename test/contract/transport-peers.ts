import assert from 'node:assert/strict';
import type { TransportOptions } from '../../host/transports/wire-transport.ts';
import type { Transport, TransportReceiver } from '../../host/wire/transport.ts';
import { settled } from '../support/gates.ts';

/** A peer without a transport, to break the rules. */
export interface BarePeer {
  /** Sends one whole message. */
  send(body: Buffer): void;
  /** Sends one whole message and, in one piece with it, the first bytes of another one's frame. */
  sendAndPart(whole: Buffer, next: Buffer, bytes: number): void;
  /** Sends only the length of a message that is too large. */
  sendHuge(): void;
  /** Ends cleanly. */
  end(): void;
  /** Ends abruptly, like a killed process. */
  die(): void;
  /** Ends everything that is still open. */
  dispose(): void;
}

/** How the contract makes transports of one kind. */
export interface TransportKind {
  readonly name: string;
  /** Two connected transports that have not been started. */
  connect(options?: TransportOptions): Promise<readonly [Transport, Transport]>;
  /** A transport whose peer is bare; undefined if that does not exist. */
  readonly bare:
    | ((options?: TransportOptions) => Promise<readonly [Transport, BarePeer]>)
    | undefined;
  /** The error of `closed` if the peer dies between two messages. */
  readonly sudden: RegExp | null;
  /** Called after the last test. */
  close(): Promise<void>;
}

/** Writes down what a transport tells, and makes sure of what every receiver may rely on. */
export class Recorder implements TransportReceiver {
  readonly bodies: Buffer[] = [];
  /** Settles when `closed` is told, with its error. */
  readonly end: Promise<Error | null>;
  readonly #end = Promise.withResolvers<Error | null>();
  readonly #each: (body: Buffer, count: number) => void;
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  #isClosed = false;

  /** @param each Called in place with every message. */
  constructor(each: (body: Buffer, count: number) => void = () => {}) {
    this.#each = each;
    this.end = this.#end.promise;
  }

  get texts(): readonly string[] {
    return this.bodies.map((body) => body.toString('utf8'));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  message(body: Buffer): void {
    assert.ok(!this.#isClosed, 'a message came after closed');
    this.bodies.push(body);
    this.#each(body, this.bodies.length);
    this.#waiting = this.#waiting.filter(({ count, resolve }) => {
      if (this.bodies.length < count) return true;
      resolve();
      return false;
    });
  }

  closed(error: Error | null): void {
    assert.ok(!this.#isClosed, 'closed came twice');
    this.#isClosed = true;
    this.#end.resolve(error);
  }

  /** Resolves when that many messages came in all; rejects where the transport ends before. */
  async count(count: number): Promise<void> {
    if (this.bodies.length >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ count, resolve });
    const early = this.end.then((error) => {
      if (this.bodies.length >= count) return;
      throw new Error(`It ended after ${this.bodies.length} of ${count} messages`, {
        cause: error,
      });
    });
    await Promise.race([promise, early]);
  }
}

/** Starts it with a new recorder. */
export function record(
  transport: Transport,
  each?: (body: Buffer, count: number) => void,
): Recorder {
  const recorder = new Recorder(each);
  transport.start(recorder);
  return recorder;
}

/** Lets some turns of the event loop pass, so that what is under way can arrive. Proves nothing alone. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await settled();
}

/** Messages that differ: `0:`, `1:x`, `2:xx`, …; no two neighbours have the same length. */
export function numbered(count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => `${n}:${'x'.repeat(n % 97)}`);
}
