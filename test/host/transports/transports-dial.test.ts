import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { dial } from '../../../host/transports/dial.ts';
import { CodeModeError } from '../../../src/errors.ts';
import { record, turns } from '../../contract/transport-peers.ts';
import { assertNoListeners } from '../../support/leaks.ts';
import { frameOf } from './bare-peers.ts';
import { Door, never } from './connections.ts';

/** A TCP server that handles its connections arbitrarily. */
async function openServer(onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function refusedWith(url: string, code: string, why: RegExp, token?: string) {
  const options = token === undefined ? { signal: never } : { signal: never, token };
  await assert.rejects(dial(url, options), (error) => {
    assert.ok(error instanceof CodeModeError);
    assert.equal(error.code, code);
    assert.match(error.message, why);
    return true;
  });
}

describe('Dialling', () => {
  it('names the peer on both sides', async () => {
    for (const where of ['tcp:localhost:0', 'ws://localhost:0']) {
      await using door = await Door.open(where);
      assert.match(door.url, /127\.0\.0\.1:[1-9]\d*$/);
      const [client, host] = await door.enter();
      assert.equal(client.peer, door.url);
      assert.match(host.peer, /^(tcp|ws):127\.0\.0\.1:\d+$/);
      for (const transport of [client, host]) transport.destroy();
    }
  });

  it('reports who did not answer, and why', async () => {
    const { port } = await openServer(() => {}).then(async (server) => {
      await server[Symbol.asyncDispose]();
      return server;
    });
    const why = new RegExp(`^Cannot connect to .*:${port}: connect ECONNREFUSED`);
    await refusedWith(`tcp:127.0.0.1:${port}`, 'connection_lost', why);
    await refusedWith(`ws:127.0.0.1:${port}`, 'connection_lost', why);
    await refusedWith('unix:/nowhere/x.sock', 'connection_lost', /ENOENT/);
  });

  it('refuses invalid addresses before it connects', async () => {
    await refusedWith('http://127.0.0.1:1', 'invalid_config', /use ws:/);
    await refusedWith('tcp:10.0.0.1:1', 'invalid_config', /only for this machine; use ws:/);
    await refusedWith('tcp:127.0.0.1:1', 'invalid_config', /a token is only sent/, 'secret');
    await refusedWith('ws:127.0.0.1:1', 'invalid_config', /visible ASCII/, 'two\nlines');
    await refusedWith('ws:127.0.0.1:1', 'invalid_config', /visible ASCII/, '');
  });

  it('stops when its signal aborts, and leaves nothing behind', async () => {
    await using server = await openServer(() => {});
    for (const scheme of ['ws', 'tcp', 'stdio']) {
      const aborted = AbortSignal.abort(new Error('never mind'));
      const url = scheme === 'stdio' ? 'stdio' : `${scheme}:127.0.0.1:${server.port}`;
      await assert.rejects(dial(url, { signal: aborted }), /never mind/);
    }
    const controller = new AbortController();
    const dialling = dial(`ws:127.0.0.1:${server.port}`, { signal: controller.signal });
    controller.abort(new Error('no more'));
    await assert.rejects(dialling, /no more/);
    assertNoListeners(controller.signal);
  });

  it('stops at any moment, whatever the server does then', async () => {
    const manners: readonly ((socket: Socket) => void)[] = [
      () => {},
      (socket) => socket.resetAndDestroy(),
      (socket) => void socket.once('data', () => socket.resetAndDestroy()),
      (socket) => void socket.once('data', () => socket.end('HTTP/1.1 503 Busy\r\n\r\n')),
      (socket) => void socket.once('data', (request) => socket.end(switching(keyIn(request)))),
    ];
    for (const manner of manners) {
      await using server = await openServer(manner);
      for (const scheme of ['ws', 'tcp']) {
        for (let moment = 0; moment < 12; moment += 1) {
          const controller = new AbortController();
          const dialling = dial(`${scheme}:127.0.0.1:${server.port}`, controller);
          const outcome = dialling.then(
            (transport) => transport.destroy(),
            (error) => assert.ok(error instanceof CodeModeError || error.message === 'no more'),
          );
          await turns(moment);
          controller.abort(new Error('no more'));
          await outcome;
          assertNoListeners(controller.signal);
        }
      }
    }
    await turns();
  });

  it('ignores its signal once connected', async () => {
    for (const where of ['tcp:127.0.0.1:0', 'ws://127.0.0.1:0']) {
      await using door = await Door.open(where);
      const controller = new AbortController();
      const [client, host] = await door.enter({ signal: controller.signal });
      assertNoListeners(controller.signal);
      controller.abort();
      const received = record(host);
      record(client);
      client.send('hello');
      await received.count(1);
      await client.close();
    }
  });

  it('survives WebSocket hosts that hang up, send garbage or send too early', async () => {
    const answers: readonly (readonly [string | null, RegExp])[] = [
      [null, /socket hang up|ECONNRESET/],
      ['nonsense\r\n\r\n', /Parse Error/],
      ['HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n', /it answered 503 Busy/],
      ['HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n', /302/],
      [
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
        /Accept/,
      ],
    ];
    for (const [answer, why] of answers) {
      await using server = await openServer((socket) => {
        if (answer === null) socket.destroy();
        else socket.once('data', () => socket.write(answer));
      });
      await refusedWith(`ws:127.0.0.1:${server.port}`, 'connection_lost', why);
    }
  });

  it('loses nothing that arrives together with the answer, even if it starts late', async () => {
    await using server = await openServer((socket) => {
      socket.once('data', (request) => {
        const body = Buffer.from('{"first":1}');
        const head = Buffer.of(0x82, body.length + 4);
        socket.write(Buffer.concat([Buffer.from(switching(keyIn(request))), head, frameOf(body)]));
      });
    });
    const transport = await dial(`ws:127.0.0.1:${server.port}`, { signal: never });
    await new Promise(setImmediate);
    const received = record(transport);
    await received.count(1);
    assert.deepEqual(received.texts, ['{"first":1}']);
    transport.destroy();
  });
});

function keyIn(request: Buffer | string): string {
  return /Sec-WebSocket-Key: (.*)\r/i.exec(String(request))?.[1] ?? '';
}

function switching(key: string): string {
  const accept = createHash('sha1')
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  return [...lines, `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n');
}
