import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { dial } from '../../../host/transports/dial.ts';
import { CodeModeError } from '../../../src/errors.ts';
import { record, turns } from '../../contract/transport-peers.ts';
import { BareWebSocket, frameOf } from './bare-peers.ts';
import { Door, never } from './connections.ts';

const LOCAL = 'ws://127.0.0.1:0';
const TOKEN = 'correct-horse-battery';

interface Question {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answer to a plain request. */
async function statusOf(url: string, { path = '/', method = 'GET', headers = {} }: Question) {
  const { hostname, port } = new URL(url);
  const asked = request({ hostname, port, path, method, headers, agent: false });
  asked.end();
  const [answer]: IncomingMessage[] = await once(asked, 'response');
  answer?.resume();
  return answer?.statusCode;
}

/** The answer to a request for a WebSocket. */
async function upgradeStatus(url: string, { path = '/', headers = {} }: Question) {
  const webSocket = new WebSocket(`${url}${path}`, { headers });
  const { promise, resolve } = Promise.withResolvers<number>();
  webSocket.on('error', () => {});
  webSocket.on('open', () => resolve(101));
  webSocket.on('unexpected-response', (_, { statusCode = 0 }) => resolve(statusCode));
  const status = await promise;
  webSocket.terminate();
  return status;
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('A WebSocket listener', () => {
  it('answers readiness checks, and serves no other pages', async () => {
    await using door = await Door.open(LOCAL, { token: TOKEN });
    assert.equal(await statusOf(door.url, { path: '/readyz' }), 200);
    assert.equal(await statusOf(door.url, { path: '/readyz?now' }), 200);
    assert.equal(await statusOf(door.url, { path: '/readyz', method: 'POST' }), 404);
    assert.equal(await statusOf(door.url, { path: '/other' }), 404);
    assert.equal(await statusOf(door.url, { path: '/' }), 426);
    assert.equal(await upgradeStatus(door.url, { path: '/other' }), 404);
    assert.equal(await upgradeStatus(door.url, { path: '/readyz', ...bearer(TOKEN) }), 404);
  });

  it('refuses every browser, whatever it requests and sends', async () => {
    await using door = await Door.open(LOCAL, { token: TOKEN });
    const headers = { origin: 'http://127.0.0.1', ...bearer(TOKEN).headers };
    assert.equal(await upgradeStatus(door.url, { headers }), 403);
    assert.equal(await upgradeStatus(door.url, { headers: { ...headers, origin: 'null' } }), 403);
    assert.equal(await statusOf(door.url, { path: '/readyz', headers }), 403);
    assert.equal(await statusOf(door.url, { path: '/other', headers }), 403);
  });

  it('accepts only clients that send the token', async () => {
    await using door = await Door.open(LOCAL, { token: TOKEN });
    const wrong = ['', 'correct', `${TOKEN}x`, `x${TOKEN}`, TOKEN.toUpperCase(), `${TOKEN} x`];
    for (const token of wrong) assert.equal(await upgradeStatus(door.url, bearer(token)), 401);
    assert.equal(await upgradeStatus(door.url, {}), 401);
    const basic = { authorization: `Basic ${TOKEN}` };
    assert.equal(await upgradeStatus(door.url, { headers: basic }), 401);
    const url = new URL(`?token=${TOKEN}`, door.url).search;
    assert.equal(await upgradeStatus(door.url, { path: `/${url}` }), 401);
    assert.equal(await upgradeStatus(door.url, bearer(TOKEN)), 101);
    const lowerCase = { authorization: `bearer ${TOKEN}` };
    assert.equal(await upgradeStatus(door.url, { headers: lowerCase }), 101);
  });

  it('accepts a client with the token, and says what is wrong without it', async () => {
    await using door = await Door.open(LOCAL, { token: TOKEN });
    const [client, host] = await door.enter({ token: TOKEN, signal: never });
    for (const transport of [client, host]) transport.destroy();
    for (const options of [{ signal: never }, { signal: never, token: 'wrong' }]) {
      await assert.rejects(dial(door.url, options), (error) => {
        assert.ok(error instanceof CodeModeError);
        assert.equal(error.code, 'connection_lost');
        assert.match(error.message, /it answered 401 Unauthorized/);
        return true;
      });
    }
  });

  it('requires a token if other machines can connect', async () => {
    const refused = {
      code: 'invalid_config',
      message: /non-loopback addresses need a token \(CLI: --token-file; API: token\)/,
    };
    for (const where of ['ws://0.0.0.0:0', 'ws://[::]:0', 'ws://10.0.0.1:0', 'ws://127.1:0']) {
      await assert.rejects(Door.open(where), refused);
    }
    await assert.rejects(Door.open('ws://0.0.0.0:0', { token: '' }), /the token is empty/);
    await using door = await Door.open('ws://0.0.0.0:0', { token: TOKEN });
    const local = door.url.replace('0.0.0.0', '127.0.0.1');
    assert.equal(await upgradeStatus(local, {}), 401);
    assert.equal(await upgradeStatus(local, bearer(TOKEN)), 101);
  });

  it('refuses tokens for TCP and Unix sockets, and other machines for TCP', async () => {
    const refused = {
      code: 'invalid_config',
      message: /a token \(CLI: --token-file; API: token\) only works with ws:HOST:PORT/,
    };
    await assert.rejects(Door.open('tcp:127.0.0.1:0', { token: TOKEN }), refused);
    await assert.rejects(Door.open('unix:/tmp/never.sock', { token: TOKEN }), refused);
    await assert.rejects(Door.open('tcp:0.0.0.0:0'), /TCP accepts loopback addresses only/);
    await assert.rejects(Door.open('tcp:192.0.2.1:0'), /TCP accepts loopback addresses only/);
  });

  it('listens on IPv6, and names the address in brackets', async () => {
    for (const where of ['ws://[::1]:0', 'tcp:[::1]:0']) {
      await using door = await Door.open(where);
      assert.match(door.url, /\[::1\]:[1-9]\d*$/);
      const [client, host] = await door.enter();
      for (const transport of [client, host]) transport.destroy();
    }
  });

  it('reports a port that is in use', async () => {
    for (const scheme of ['ws://', 'tcp:']) {
      await using door = await Door.open(`${scheme}127.0.0.1:0`);
      const message = /^Cannot listen on .*: listen EADDRINUSE/;
      await assert.rejects(Door.open(door.url), { code: 'invalid_config', message });
    }
  });

  it('accepts no connection after close, and keeps existing ones open', async () => {
    const door = await Door.open(LOCAL);
    const [client, host] = await door.enter();
    const [toClient, toHost] = [record(client), record(host)];
    await door.listener.close();
    await door.listener.close();
    await assert.rejects(dial(door.url, { signal: never }), /ECONNREFUSED/);
    client.send('still here');
    await toHost.count(1);
    await host.close();
    await toClient.end;
  });
});

describe('A WebSocket', () => {
  const prefixed = frameOf(Buffer.from('{}'));
  const faults: readonly (readonly [string, (peer: BareWebSocket) => Buffer, RegExp])[] = [
    ['text', (peer) => peer.frame(1, prefixed), /it is text, not bytes/],
    ['an empty message', (peer) => peer.frame(2, Buffer.alloc(0)), /it has 0 bytes/],
    ['less than a length', (peer) => peer.frame(2, Buffer.alloc(3)), /it has 3 bytes/],
    [
      'one byte too few',
      (peer) => peer.frame(2, prefixed.subarray(0, -1)),
      /length is 2, but it has 1/,
    ],
    [
      'one byte too many',
      (peer) => peer.frame(2, Buffer.concat([prefixed, prefixed])),
      /2, but it has 8/,
    ],
    ['an unknown kind', (peer) => peer.frame(3, prefixed), /Lost the connection .*opcode/],
    [
      'a status that says so',
      (peer) => peer.frame(8, Buffer.from('\x03\xf3oh no', 'latin1')),
      /code 1011: oh no/,
    ],
    ['no HTTP at all', () => Buffer.from('GET / HTTP/1.1\r\n\r\n'), /Lost the connection/],
  ];
  for (const [what, make, why] of faults) {
    it(`ends if the peer sends ${what}, after earlier messages`, async () => {
      await using door = await Door.open(LOCAL);
      const [peer, transport] = await Promise.all([BareWebSocket.open(door.url), door.next()]);
      const received = record(transport);
      peer.socket.resume();
      peer.write(peer.frame(2, prefixed), make(peer), peer.frame(2, prefixed));
      assert.match(String(await received.end), why);
      assert.deepEqual(received.texts, ['{}']);
      peer.die();
    });
  }

  it('waits only for a limited time for a peer that announces its close and then stays', async () => {
    await using door = await Door.open(LOCAL, { closeWithinMs: 20 });
    const [peer, transport] = await Promise.all([BareWebSocket.open(door.url), door.next()]);
    const received = record(transport);
    peer.write(peer.frame(8, Buffer.of(3, 232)));
    assert.equal(await received.end, null);
    peer.die();
  });

  it('answers pings silently, and accepts pongs and fragmented messages', async () => {
    await using door = await Door.open(LOCAL);
    const [peer, transport] = await Promise.all([BareWebSocket.open(door.url), door.next()]);
    const received = record(transport);
    peer.write(peer.frame(9, Buffer.from('ping')), peer.frame(10, Buffer.from('pong')));
    const [first, rest] = [
      peer.frame(2, prefixed.subarray(0, 3)),
      peer.frame(0, prefixed.subarray(3)),
    ];
    first[0] = 0x02;
    peer.write(first, peer.frame(9, Buffer.alloc(0)), rest);
    await received.count(1);
    assert.deepEqual(received.texts, ['{}']);
    const [answers] = await once(peer.socket.resume(), 'data');
    assert.deepEqual([...(answers as Buffer).subarray(0, 6)], [0x8a, 4, ...Buffer.from('ping')]);
    transport.destroy();
  });

  it('sends the messages of one turn together, each as a separate message', async () => {
    await using door = await Door.open(LOCAL);
    const [peer, transport] = await Promise.all([BareWebSocket.open(door.url), door.next()]);
    record(transport);
    for (const text of ['a', 'b', 'c']) transport.send(text);
    await turns(1);
    const [bytes] = await once(peer.socket.resume(), 'data');
    const message = (letter: number) => [0x82, 5, 1, 0, 0, 0, letter];
    assert.deepEqual([...(bytes as Buffer)], [97, 98, 99].flatMap(message));
    transport.destroy();
  });

  it('receives and sends messages up to the maximum, and no larger ones', async () => {
    await using door = await Door.open(LOCAL);
    const [client, host] = await door.enter();
    record(client);
    const received = record(host);
    const largest = Buffer.alloc(64 << 20, 'x');
    client.send(largest);
    assert.throws(() => client.send(Buffer.alloc((64 << 20) + 1)), RangeError);
    await received.count(1);
    assert.ok(received.bodies[0]?.equals(largest));
    await client.close();
  });
});
