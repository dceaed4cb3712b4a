import { Fifo } from '../../src/collections/fifo.ts';
import { PREFIX_BYTES } from '../wire/framing.ts';
import type { MessageBody, Transport } from '../wire/transport.ts';
import type { Wire, WireEvents } from './wire.ts';
import { type TransportOptions, WireTransport } from './wire-transport.ts';

/**
 * Two transports of one process, each the peer of the other. Messages arrive a turn later, and count as
 * queued until the other side takes them.
 */
export function memoryTransports(options: TransportOptions = {}): readonly [Transport, Transport] {
  const first = new MemoryWire();
  const second = new MemoryWire();
  first.join(second);
  second.join(first);
  return [
    new WireTransport('memory', first, options),
    new WireTransport('memory', second, options),
  ];
}

/** One end, with the messages that are on their way to it. */
class MemoryWire implements Wire {
  readonly #arriveLater = () => this.#arrive();
  #peer!: MemoryWire;
  #events!: WireEvents;
  #phase: 'open' | 'ending' | 'over' = 'open';
  readonly #here = new Fifo<Buffer>();
  #coming: Buffer[] = [];
  #bytes = 0;
  #isEndComing = false;
  #isArriving = false;

  /** Called once, first. */
  join(peer: MemoryWire): void {
    this.#peer = peer;
  }

  get queuedBytes(): number {
    return this.#peer.#bytes;
  }

  attach(events: WireEvents): void {
    this.#events = events;
  }

  // Nothing to read: messages are already where `next` finds them.
  open(): void {}
  pause(): void {}
  resume(): void {}

  next(): Buffer | null {
    const body = this.#here.shift();
    if (body === undefined) return null;
    this.#bytes -= PREFIX_BYTES + body.length;
    this.#peer.#takenByPeer();
    return body;
  }

  send(body: MessageBody): void {
    if (typeof body === 'string') this.#peer.#accept(Buffer.from(body));
    else this.#peer.#accept(Buffer.isBuffer(body) ? body : Buffer.concat(body));
  }

  end(): void {
    this.#phase = 'ending';
    this.#drop();
    this.#peer.#acceptEnd();
    this.#takenByPeer();
  }

  destroy(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#drop();
    this.#peer.#acceptEnd();
  }

  #accept(body: Buffer): void {
    if (this.#phase !== 'open') return;
    this.#coming.push(body);
    this.#bytes += PREFIX_BYTES + body.length;
    this.#schedule();
  }

  #acceptEnd(): void {
    if (this.#isEndComing || this.#phase !== 'open') return;
    this.#isEndComing = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isArriving) return;
    this.#isArriving = true;
    setImmediate(this.#arriveLater);
  }

  #arrive(): void {
    this.#isArriving = false;
    if (this.#phase !== 'open') return;
    for (const body of this.#coming) this.#here.push(body);
    this.#coming = [];
    this.#events.readable();
    if (this.#isEndComing && this.#phase === 'open') this.#events.ended(null);
  }

  #takenByPeer(): void {
    if (this.#phase === 'over') return;
    this.#events.taken();
    if (this.#phase === 'ending' && this.#peer.#bytes === 0) this.#events.finished(null);
  }

  /** Drops messages, from now on too. To the peer, they seem to be taken. */
  #drop(): void {
    this.#coming = [];
    this.#here.clear();
    this.#bytes = 0;
    this.#peer.#takenByPeer();
  }
}
