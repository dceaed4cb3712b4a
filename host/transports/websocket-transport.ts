import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { Fifo } from '../../src/collections/fifo.ts';
import { CodeModeError } from '../../src/errors.ts';
import { CLOSE_WITHIN_MS } from '../io/close-within-ms.ts';
import { ignoreErrors } from '../io/ignore-errors.ts';
import { assertFits, MAX_FRAME_BYTES, PREFIX_BYTES } from '../wire/framing.ts';
import type { MessageBody, Transport } from '../wire/transport.ts';
import type { Wire, WireEvents } from './wire.ts';
import { type TransportOptions, WireTransport } from './wire-transport.ts';

/** Options of WebSockets, for both sides. */
export function webSocketOptions({ closeWithinMs = CLOSE_WITHIN_MS }: TransportOptions) {
  return {
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES + PREFIX_BYTES,
    // For a peer that announces its close and then stays. Our own close already has a deadline.
    closeTimeout: closeWithinMs,
  };
}

const KEEP_ALIVE_AFTER_MS = 30_000;
const NORMAL = 1_000;
const GOING_AWAY = 1_001;
const NO_STATUS = 1_005;
const BROKEN_OFF = 1_006;
const BINARY = { binary: true } as const;

/**
 * Messages over a WebSocket: each is one binary message that starts with its length, as on a stream.
 *
 * @param webSocket Must be open, and must not have received a message yet.
 * @param socket Its underlying socket.
 */
export function webSocketTransport(
  peer: string,
  webSocket: WebSocket,
  socket: Duplex,
  options: TransportOptions = {},
): Transport {
  if (socket instanceof Socket) socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
  return new WireTransport(peer, new WebSocketWire(peer, webSocket, socket), options);
}

class WebSocketWire implements Wire {
  readonly #peer: string;
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  readonly #queue = new Fifo<Buffer>();
  readonly #flushLater = () => this.#flush();
  #events!: WireEvents;
  #phase: 'open' | 'ending' | 'over' = 'open';
  /** Why the data after the queue is not a message. */
  #fault: Error | null = null;
  #isClosed = false;
  #isGathering = false;

  constructor(peer: string, webSocket: WebSocket, socket: Duplex) {
    this.#peer = peer;
    this.#webSocket = webSocket;
    this.#socket = socket;
  }

  get queuedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  attach(events: WireEvents): void {
    this.#events = events;
    ignoreErrors(this.#webSocket);
    this.#webSocket.pause();
    this.#webSocket.on('message', this.#onMessage);
    this.#webSocket.on('error', this.#onError);
    this.#webSocket.on('close', this.#onClose);
  }

  open(): void {
    this.#webSocket.resume();
  }

  next(): Buffer | null {
    const body = this.#queue.shift() ?? null;
    if (body === null && this.#fault !== null) throw this.#fault;
    return body;
  }

  send(body: MessageBody): void {
    const frame = framed(body);
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (!this.#isGathering) {
      this.#isGathering = true;
      this.#socket.cork();
      queueMicrotask(this.#flushLater);
    }
    this.#webSocket.send(frame, BINARY, this.#onTaken);
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  end(): void {
    this.#phase = 'ending';
    this.#queue.clear();
    if (this.#isClosed) return this.#events.finished(null);
    this.#webSocket.close(NORMAL);
    this.#webSocket.resume();
  }

  destroy(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#queue.clear();
    this.#webSocket.off('message', this.#onMessage);
    this.#webSocket.off('error', this.#onError);
    this.#webSocket.off('close', this.#onClose);
    this.#webSocket.terminate();
  }

  readonly #onMessage = (data: unknown, isBinary: boolean) => {
    if (this.#phase !== 'open' || this.#fault !== null) return;
    const body = isBinary ? bodyOf(data as Buffer) : faultOf('it is text, not bytes');
    if (Buffer.isBuffer(body)) this.#queue.push(body);
    else this.#fault = body;
    this.#events.readable();
  };

  readonly #onError = (error: Error) => {
    if (this.#phase === 'open') this.#events.ended(this.#lost(error.message, error));
  };

  readonly #onClose = (code: number, reason: Buffer) => {
    this.#isClosed = true;
    const error = this.#reasonOf(code, reason);
    if (this.#phase === 'open') this.#events.ended(error);
    else this.#events.finished(error);
  };

  readonly #onTaken = (error?: Error | null) => {
    if (!error && this.#phase !== 'over') this.#events.taken();
  };

  #flush(): void {
    this.#isGathering = false;
    this.#socket.uncork();
  }

  #reasonOf(code: number, reason: Buffer): Error | null {
    switch (code) {
      case NORMAL:
      case GOING_AWAY:
      case NO_STATUS:
        return null;
      case BROKEN_OFF:
        return this.#lost('it broke off');
    }
    return this.#lost(`it was closed with code ${code}${reason.length > 0 ? `: ${reason}` : ''}`);
  }

  #lost(why: string, cause?: Error): Error {
    return new CodeModeError('connection_lost', `Lost the connection to ${this.#peer}: ${why}`, {
      cause,
    });
  }
}

function framed(body: MessageBody): Buffer {
  if (typeof body === 'object' && !Buffer.isBuffer(body)) return framed(Buffer.concat(body));
  const bytes = Buffer.byteLength(body);
  assertFits(bytes);
  const frame = Buffer.allocUnsafeSlow(PREFIX_BYTES + bytes);
  frame.writeUInt32LE(bytes);
  if (typeof body === 'string') frame.write(body, PREFIX_BYTES);
  else body.copy(frame, PREFIX_BYTES);
  return frame;
}

function bodyOf(frame: Buffer): Buffer | Error {
  if (frame.length < PREFIX_BYTES) return faultOf(`it has ${frame.length} bytes`);
  const size = frame.readUInt32LE();
  const bytes = frame.length - PREFIX_BYTES;
  return size === bytes
    ? frame.subarray(PREFIX_BYTES)
    : faultOf(`its length is ${size}, but it has ${bytes} bytes`);
}

function faultOf(why: string): Error {
  return new Error(`Cannot read a message: ${why}`);
}
