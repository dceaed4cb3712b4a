import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { MAX_FRAME_BYTES } from '../../../host/wire/framing.ts';
import type { BarePeer } from '../../contract/transport-peers.ts';

/** A length and a body, as they stand on a stream. */
export function frameOf(body: Buffer, length = body.length): Buffer {
  const frame = Buffer.alloc(4 + body.length);
  frame.writeUInt32LE(length);
  body.copy(frame, 4);
  return frame;
}

/** A message as it stands on a stream. */
export function framed(message: object): Buffer {
  return frameOf(Buffer.from(JSON.stringify(message)));
}

/** A peer that writes bytes to a stream of which the transport reads the other end. */
export function bareStream(output: Writable, die: () => void): BarePeer {
  output.on('error', () => {});
  return {
    send: (body) => void output.write(frameOf(body)),
    sendAndPart: (whole, next, bytes) =>
      void output.write(Buffer.concat([frameOf(whole), frameOf(next).subarray(0, bytes)])),
    sendHuge: () => void output.write(frameOf(Buffer.alloc(0), MAX_FRAME_BYTES + 1)),
    end: () => void output.end(),
    die,
    dispose: die,
  };
}

/** A client of a WebSocket listener that writes its own bytes. */
export class BareWebSocket implements BarePeer {
  readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
  }

  /** @param url `ws://HOST:PORT`, where somebody listens. */
  static async open(url: string): Promise<BareWebSocket> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const peer = new BareWebSocket(socket);
    await once(socket, 'connect');
    const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
    const key = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==';
    socket.write(['GET / HTTP/1.1', 'Host: x', ...upgrade, key, '', ''].join('\r\n'));
    const [answer] = await once(socket, 'data');
    if (!String(answer).startsWith('HTTP/1.1 101')) throw new Error(String(answer));
    socket.pause();
    return peer;
  }

  /** A message or control frame of any kind; 1 is text, 2 binary, 8 close, 9 ping. */
  frame(opcode: number, payload: Buffer, size = payload.length): Buffer {
    const head = Buffer.alloc(14);
    head[0] = 0x80 | opcode;
    // With a mask of zeros the payload stays as it is.
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(size), 2);
    if (size > 125) return Buffer.concat([head, payload]);
    head[1] = 0x80 | size;
    return Buffer.concat([head.subarray(0, 2), Buffer.alloc(4), payload]);
  }

  write(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  send(body: Buffer): void {
    this.write(this.frame(2, frameOf(body)));
  }

  sendAndPart(whole: Buffer, next: Buffer, bytes: number): void {
    const frame = frameOf(next);
    const part = this.frame(2, frame.subarray(0, bytes), frame.length);
    this.write(this.frame(2, frameOf(whole)), part);
  }

  sendHuge(): void {
    this.write(this.frame(2, Buffer.alloc(0), MAX_FRAME_BYTES + 5));
  }

  end(): void {
    this.write(this.frame(8, Buffer.of(1_000 >> 8, 1_000 & 255)));
    this.socket.resume();
  }

  die(): void {
    this.socket.destroy();
  }

  dispose(): void {
    this.die();
  }
}
