import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { connect } from '../../../host/client/spawn-host.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ServedHost } from '../../support/served-host.ts';
import { executeRequest, helloOf } from '../../support/v1-peer.ts';
import { framed, frameOf } from '../transports/bare-peers.ts';

/** What clients of a stream have said when they leave. */
const STREAM_WORDS: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  'a hello of another version': framed(helloOf(7)),
  'a good hello': framed(helloOf(1)),
  'a good hello and a request': Buffer.concat([framed(helloOf(1)), framed(openRequest())]),
  'two hellos': Buffer.concat([framed(helloOf(1)), framed(helloOf(1))]),
  'a message that is no hello': framed({ type: 'operation/cancel', id: 1 }),
  'no JSON': frameOf(Buffer.from('{')),
  'part of a length': Buffer.of(9),
  'part of a message': framed(helloOf(1)).subarray(0, 20),
  'a length that is too large': Buffer.of(255, 255, 255, 255),
};

const UPGRADE = http('GET / HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websocket');

/** What clients of a WebSocket have said when they leave. */
const WEB_SOCKET_WORDS: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  'part of a request': UPGRADE.subarray(0, 30),
  'no HTTP': Buffer.from('\u0016\u0003 hello\r\n\r\n'),
  'a plain request': http('GET /readyz HTTP/1.1'),
  'two plain requests': Buffer.concat([http('GET / HTTP/1.1'), http('GET / HTTP/1.1')]),
  'an upgrade that is refused': http(
    'GET /x HTTP/1.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
  ),
  'an upgrade to something else': http('GET / HTTP/1.1', 'Connection: Upgrade', 'Upgrade: x'),
  'an upgrade': UPGRADE,
  'an upgrade and a hello of another version': Buffer.concat([UPGRADE, masked(framed(helloOf(7)))]),
  'an upgrade and a good hello': Buffer.concat([UPGRADE, masked(framed(helloOf(1)))]),
  'an upgrade and no message': Buffer.concat([UPGRADE, masked(Buffer.alloc(3))]),
  'an upgrade and no WebSocket frame': Buffer.concat([UPGRADE, Buffer.of(255, 255, 255)]),
};

const KINDS = {
  unix: { listen: undefined, wordsOf: STREAM_WORDS },
  tcp: { listen: 'tcp:127.0.0.1:0', wordsOf: STREAM_WORDS },
  ws: { listen: 'ws://127.0.0.1:0', wordsOf: WEB_SOCKET_WORDS },
};

/** How clients leave. */
const WAYS: Readonly<Record<string, (socket: Socket) => void>> = {
  'is gone': (socket) => socket.destroy(),
  'has reset its connection': (socket) => {
    if (socket.remoteFamily === undefined) socket.destroy();
    else socket.resetAndDestroy();
  },
  'has closed its half': (socket) => void socket.resume().end(),
};

describe('A host whose clients leave', { concurrency: 3 }, () => {
  for (const [kind, { listen, wordsOf }] of Object.entries(KINDS)) {
    const options = listen === undefined ? {} : { listen };

    it(`over ${kind} survives each that is gone before it is heard`, async () => {
      await using host = await ServedHost.start(options);
      for (const [what, words] of Object.entries(wordsOf)) {
        for (const [how, leave] of Object.entries(WAYS)) {
          await host.stop();
          const socket = await say(await host.socket(), words);
          const over = socket.closed ? undefined : once(socket, 'close');
          leave(socket);
          host.continue();
          await assertServes(host, `${what}, ${how}`);
          socket.destroy();
          await over;
        }
      }
      await assertRuns(host);
      assert.deepEqual(await host.end(), { code: 0, signal: null, words: '' });
    });

    it(`over ${kind} ends in good order though they leave as it is asked to`, async () => {
      await using host = await ServedHost.start(options);
      const visits: (() => Promise<void>)[] = [];
      for (const leave of Object.values(WAYS)) {
        const atWork = await startCell(host, kind === 'ws');
        visits.push(async () => leave(atWork));
        for (const words of Object.values(wordsOf)) {
          const silent = await host.socket();
          visits.push(async () => leave(await say(silent, words)));
          visits.push(async () => leave(await say(await host.socket(), words)));
        }
      }
      await assertServes(host, 'all have come');
      await host.stop();
      for (const visit of visits) await visit();
      const end = host.end();
      host.continue();
      assert.deepEqual(await end, { code: 0, signal: null, words: '' });
    });
  }
});

/** Resolves when the system has taken the words. */
async function say(socket: Socket, words: Buffer): Promise<Socket> {
  if (words.length > 0) await new Promise((resolve) => socket.write(words, resolve));
  return socket;
}

/** A client whose cell runs, so that the host has something to answer when it ends. */
async function startCell(host: ServedHost, isWebSocket: boolean): Promise<Socket> {
  const request = executeRequest(
    `text('begun'); yield_control(); await new Promise((go) => setTimeout(go, 1e9))`,
  );
  const execute = { method: 'session/execute', sessionId: 's', request };
  const messages = [
    helloOf(1),
    openRequest(),
    { type: 'operation/request', id: 2, request: execute },
  ];
  const frames = messages.map(framed);
  const socket = await say(await host.socket(), isWebSocket ? UPGRADE : Buffer.alloc(0));
  socket.write(Buffer.concat(isWebSocket ? frames.map(masked) : frames));
  let heard = '';
  while (!heard.includes('begun')) heard += String((await once(socket, 'data'))[0]);
  socket.pause();
  return socket;
}

async function assertServes(host: ServedHost, after: string): Promise<void> {
  try {
    await (await connect(host.url)).close();
  } catch (cause) {
    throw new Error(`The host does not answer after a client: ${after}: ${host.words}`, { cause });
  }
}

async function assertRuns(host: ServedHost): Promise<void> {
  const client = await connect(host.url);
  const session = await client.openSession({ delegate: new ScriptedDelegate() });
  const { first } = await session.execute({ source: `text('alive')` });
  assert.deepEqual((await first).items, [{ type: 'input_text', text: 'alive' }]);
  await client.close();
}

function openRequest(): object {
  return { type: 'operation/request', id: 1, request: { method: 'session/open', sessionId: 's' } };
}

function http(...lines: readonly string[]): Buffer {
  const more = [
    'Host: x',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ];
  return Buffer.from([...lines, ...more, '', ''].join('\r\n'));
}

/** A binary WebSocket message of a client, under a mask of zeros. */
function masked(payload: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(payload.length);
  return Buffer.concat([Buffer.of(0x82, 0xfe), length, Buffer.alloc(4), payload]);
}
