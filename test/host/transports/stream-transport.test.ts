import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, type Readable, Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { streamTransport } from '../../../host/transports/stream-transport.ts';
import { record, turns } from '../../contract/transport-peers.ts';
import { connectedSockets, taken } from '../../support/connected-sockets.ts';
import { frameOf } from './bare-peers.ts';

const HELLO = frameOf(Buffer.from('hello'));

/** An output of which each write is held until the test lets it go. */
class HeldOutput extends Writable {
  readonly chunks: Buffer[] = [];
  readonly #held: (() => void)[] = [];

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    this.chunks.push(chunk);
    this.#held.push(() => done());
  }

  release(): void {
    this.#held.shift()?.();
  }
}

function listenersOf(stream: NodeJS.EventEmitter): readonly string[] {
  const names = ['data', 'end', 'close', 'drain', 'finish', 'readable'];
  return names.filter((name) => stream.listenerCount(name) > 0);
}

describe('A stream transport', () => {
  it('writes the messages of one turn in one piece, without delay', async () => {
    const output = new HeldOutput();
    const transport = streamTransport('test', new PassThrough(), output);
    transport.send('one');
    transport.send('two');
    assert.equal(output.chunks.length, 0);
    await new Promise((go) => process.nextTick(go));
    assert.deepEqual(output.chunks.map(String), ['\x03\0\0\0one\x03\0\0\0two']);
    transport.destroy();
  });

  it('delivers a large message when its last byte is there, even if nothing follows', async (t) => {
    const { peer, socket } = await connectedSockets(t, 'local');
    const body = Buffer.alloc(140_000, 'x');
    await taken(peer, frameOf(body));
    const transport = streamTransport('test', socket, socket);
    const received = record(transport);
    await received.count(1);
    assert.deepEqual(received.bodies, [body]);
    transport.destroy();
  });

  it('releases waiting senders below the high-water mark, not only when it is empty', async () => {
    const output = new HeldOutput();
    const options = { highWaterBytes: 100 };
    const transport = streamTransport('test', new PassThrough(), output, options);
    for (let n = 0; n < 3; n += 1) {
      transport.send('x'.repeat(46));
      await new Promise((go) => process.nextTick(go));
    }
    assert.equal(transport.queuedBytes, 150);
    let isFree = false;
    const room = transport.drained()?.then(() => {
      isFree = true;
    });
    output.release();
    await turns(2);
    assert.equal(transport.queuedBytes, 100);
    assert.ok(!isFree);
    output.release();
    await room;
    assert.equal(transport.queuedBytes, 50);
    transport.destroy();
  });

  it('leaves only the listener that ignores errors on its streams', async () => {
    for (const how of ['close', 'destroy', 'end', 'error'] as const) {
      const [input, output] = [new PassThrough(), new PassThrough().resume()];
      const before = [listenersOf(input), listenersOf(output)];
      const transport = streamTransport('test', input, output);
      const received = record(transport);
      transport.send('hello');
      if (how === 'end') input.end();
      else if (how === 'error') input.destroy(new Error('broken'));
      else void transport[how]();
      await received.end;
      await turns(2);
      assert.ok(input.destroyed && output.destroyed);
      assert.deepEqual([listenersOf(input), listenersOf(output)], before, how);
      assert.deepEqual([input.listenerCount('error'), output.listenerCount('error')], [1, 1]);
    }
  });

  it('reports the end of streams that had already ended', async () => {
    const ended = new PassThrough().resume();
    ended.end();
    await once(ended, 'close');
    const good = record(streamTransport('test', ended, new PassThrough().resume()));
    assert.equal(await good.end, null);
    const gone = new PassThrough().destroy();
    const bad = record(streamTransport('test', gone, new PassThrough()));
    assert.match(String(await bad.end), /Lost the connection to test: it was closed/);
  });

  it('does not count messages together that come in turns of their own', async () => {
    const input = new PassThrough();
    const received = record(streamTransport('test', input, new PassThrough()));
    await turns();
    let pauses = 0;
    input.on('pause', () => {
      pauses += 1;
    });
    for (let n = 1; n <= 2_560; n += 1) {
      input.write(HELLO);
      await received.count(n);
      await turns();
    }
    // Counted together, they would be ten times as many as one turn may bring; a machine that stalls may still pause it.
    assert.ok(pauses < 5, `${pauses} pauses`);
  });

  it('names the error of a stream, and keeps it as the cause', async () => {
    const input = new PassThrough();
    const received = record(streamTransport('test', input, new PassThrough()));
    const cause = new Error('read EIO');
    input.write(HELLO);
    await received.count(1);
    input.destroy(cause);
    const error = await received.end;
    assert.equal(error?.message, 'Lost the connection to test: read EIO');
    assert.equal(error?.cause, cause);
  });

  it('reads the last messages of a peer that no longer reads', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const transport = streamTransport('test', input, output, { closeWithinMs: 60_000 });
    const received = record(transport);
    output.destroy(new Error('write EPIPE'));
    transport.send('lost');
    await turns();
    assert.ok(!received.isClosed);
    input.write(HELLO);
    await received.count(1);
    transport.send('lost too');
    input.end();
    assert.match(String(await received.end), /write EPIPE/);
  });

  it('waits for a peer that no longer reads only for a limited time', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const received = record(streamTransport('test', input, output, { closeWithinMs: 20 }));
    output.destroy(new Error('write EPIPE'));
    assert.match(String(await received.end), /Lost the connection to test: write EPIPE/);
    const silent = new PassThrough();
    const other = record(streamTransport('test', new PassThrough(), silent, { closeWithinMs: 20 }));
    silent.destroy();
    assert.equal(await other.end, null);
  });

  it('reads no more than necessary while it is paused', async () => {
    const input = new PassThrough({ highWaterMark: 1_000 });
    const transport = streamTransport('test', input, new PassThrough());
    const received = record(transport, () => transport.pause());
    for (let n = 0; n < 50; n += 1) input.write(HELLO);
    await received.count(1);
    for (let n = 0; n < 1_000; n += 1) input.write(HELLO);
    await turns();
    assert.ok(input.readableLength + input.writableLength > 8_000, 'it was read though paused');
    transport.destroy();
  });

  it('accepts frames that are cut anywhere', async () => {
    const input = new PassThrough();
    const received = record(streamTransport('test', input, new PassThrough()));
    for (const byte of Buffer.concat([HELLO, HELLO])) input.write(Buffer.of(byte));
    input.end();
    await received.count(2);
    assert.equal(await received.end, null);
  });
});

describe('A stream transport to a child', () => {
  function start(script: string) {
    const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
    const over: Readable = child.stdout;
    return { child, transport: streamTransport('child', over, child.stdin) };
  }

  it('delivers all messages and a clean end, even if started after the child has exited', async () => {
    const { child, transport } = start(`printf '\\005\\000\\000\\000hello'`);
    await once(child, 'exit');
    await turns();
    const received = record(transport);
    assert.equal(await received.end, null);
    assert.deepEqual(received.texts, ['hello']);
  });

  it('stays paused when the child has exited, and delivers the rest afterwards', async () => {
    const { child, transport } = start(`printf '\\001\\000\\000\\000a\\001\\000\\000\\000b'`);
    const received = record(transport, () => transport.pause());
    await Promise.all([received.count(1), once(child, 'exit')]);
    await turns();
    assert.deepEqual(received.texts, ['a']);
    transport.resume();
    assert.equal(await received.end, null);
    assert.deepEqual(received.texts, ['a', 'b']);
  });

  it('survives a command that does not exist', async () => {
    const child = spawn('no-such-command', { stdio: ['pipe', 'pipe', 'ignore'] });
    child.on('error', () => {});
    const transport = streamTransport('child', child.stdout, child.stdin);
    transport.send('hello');
    await record(transport).end;
  });
});
