import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { ReadAhead, type RoomyReader } from '../../../sandbox/process/read-ahead.ts';
import { connectedSockets, taken } from '../../support/connected-sockets.ts';

const CHUNK_BYTES = 64 << 10;
/** The system takes so much at once, and a stream needs several reads for it. */
const SENT_BYTES = 140_000;

/** A reader that has got a chunk of a message, and has room for the rest. */
class Message implements RoomyReader {
  readonly bytes: Buffer;
  at = 0;
  rooms = 0;

  constructor(size: number, chunk: Buffer) {
    this.bytes = Buffer.alloc(size);
    this.at = chunk.copy(this.bytes);
  }

  get room() {
    this.rooms += 1;
    return this.at === this.bytes.length
      ? null
      : { bytes: this.bytes, from: this.at, to: this.bytes.length };
  }

  filled(bytes: number): void {
    this.at += bytes;
  }
}

function readOn(stream: Readable, chunk: Buffer, message: Message): number {
  return new ReadAhead(stream, message).read(chunk);
}

/** What `look` does with the first chunk of a stream. */
async function atFirstChunk<T>(stream: Readable, look: (chunk: Buffer) => T): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  stream.once('data', (chunk: Buffer) => resolve(look(chunk)));
  stream.resume();
  return promise;
}

describe('ReadAhead', () => {
  it('reads the rest of a message to its place, and leaves the next one to the stream', async (t) => {
    const { peer, socket } = await connectedSockets(t, 'local');
    const bytes = randomBytes(SENT_BYTES);
    await taken(peer, Buffer.concat([bytes, Buffer.from('next')]));
    const { message, ahead } = await atFirstChunk(socket, (chunk) => {
      const message = new Message(SENT_BYTES, chunk);
      return { message, ahead: readOn(socket, chunk, message) };
    });
    assert.equal(ahead, SENT_BYTES - CHUNK_BYTES);
    assert.deepEqual(message.bytes, bytes);
    assert.equal(message.rooms, 2);
    assert.equal(String(await atFirstChunk(socket, (chunk) => chunk)), 'next');
  });

  it('takes what is there, does not wait for more, and asks no further', async (t) => {
    const { peer, socket } = await connectedSockets(t, 'local');
    const bytes = randomBytes(2 * SENT_BYTES);
    await taken(peer, bytes.subarray(0, SENT_BYTES));
    const { message, ahead } = await atFirstChunk(socket, (chunk) => {
      const message = new Message(bytes.length, chunk);
      const ahead = readOn(socket, chunk, message);
      return { message, ahead: [ahead, readOn(socket, chunk, message)] };
    });
    assert.deepEqual(ahead, [SENT_BYTES - CHUNK_BYTES, 0]);
    assert.equal(message.rooms, 2);
    assert.deepEqual(message.bytes.subarray(0, message.at), bytes.subarray(0, SENT_BYTES));
    await taken(peer, bytes.subarray(SENT_BYTES, SENT_BYTES + 3));
    const later = await atFirstChunk(socket, (chunk) => chunk);
    assert.deepEqual(later, bytes.subarray(SENT_BYTES, SENT_BYTES + 3));
  });

  it('leaves the end to the stream', async (t) => {
    const { peer, socket } = await connectedSockets(t, 'local');
    await taken(peer, randomBytes(CHUNK_BYTES));
    peer.destroy();
    await once(peer, 'close');
    const ahead = await atFirstChunk(socket, (chunk) =>
      readOn(socket, chunk, new Message(SENT_BYTES, chunk)),
    );
    assert.equal(ahead, 0);
    await once(socket, 'end');
  });

  it('leaves everything to a stream that is paused, destroyed, or holds bytes already', async (t) => {
    const { peer, socket } = await connectedSockets(t, 'local');
    await taken(peer, randomBytes(SENT_BYTES));
    const [paused, held, open, gone] = await atFirstChunk(socket, (chunk) => {
      const ahead = () => readOn(socket, chunk, new Message(SENT_BYTES, chunk));
      socket.pause();
      const whilePaused = ahead();
      socket.unshift('x');
      socket.isPaused = () => false;
      const whileHeld = ahead();
      socket.read();
      const whileOpen = ahead();
      socket.destroy();
      return [whilePaused, whileHeld, whileOpen, ahead()];
    });
    assert.deepEqual([paused, held, open, gone], [0, 0, SENT_BYTES - CHUNK_BYTES, 0]);
  });

  it('does nothing after a chunk that the stream had more room for', async (t) => {
    const { peer, socket } = await connectedSockets(t, 'local');
    await taken(peer, randomBytes(SENT_BYTES));
    const ahead = await atFirstChunk(socket, (chunk) => {
      const part = chunk.subarray(1);
      return readOn(socket, part, new Message(SENT_BYTES, part));
    });
    assert.equal(ahead, 0);
  });

  it('leaves a connection to itself, below which there may be another', async (t) => {
    const { peer, socket } = await connectedSockets(t, 'tcp');
    await taken(peer, randomBytes(SENT_BYTES));
    const chunk = Buffer.alloc(CHUNK_BYTES);
    socket.isPaused = () => false;
    assert.equal(readOn(socket, chunk, new Message(SENT_BYTES, chunk)), 0);
    const stream = new PassThrough().resume();
    assert.equal(readOn(stream, chunk, new Message(SENT_BYTES, chunk)), 0);
  });

  it('leaves the rest to later turns of the event loop after half a mebibyte', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'cellhost-test-'));
    const path = join(folder, 'bytes');
    const bytes = randomBytes(2 << 20);
    writeFileSync(path, bytes);
    // Stands for a pipe that is filled as quickly as it is read.
    class Pipe {
      readonly fd = openSync(path, 'r');
    }
    const stream = Object.assign(new PassThrough().resume(), { _handle: new Pipe() });
    t.after(() => {
      closeSync(stream._handle.fd);
      rmSync(folder, { recursive: true });
    });
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const message = new Message(CHUNK_BYTES + bytes.length, chunk);
    const reading = new ReadAhead(stream, message);
    const amounts: number[] = [];
    while (message.room !== null) {
      const amount = reading.read(chunk);
      if (amount > 0) amounts.push(amount, reading.read(chunk));
      await new Promise(setImmediate);
    }
    const half = 512 << 10;
    assert.deepEqual(amounts, [half, 0, half, 0, half, 0, half, 0]);
    assert.deepEqual(message.bytes.subarray(CHUNK_BYTES), bytes);
  });
});
