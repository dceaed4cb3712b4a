import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { HostClient } from '../../../host/client/host-client.ts';
import { type Listener, listen } from '../../../host/transports/listen.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { parseListenEndpoint } from '../../../host/wire/endpoint.ts';
import { MAX_FRAME_BYTES, MessageReader } from '../../../host/wire/framing.ts';
import { LONG } from '../../contract/session-setup.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { hostOf, type Json } from '../../support/v1-peer.ts';
import { frameOf } from '../transports/bare-peers.ts';

const { host } = hostOf();
const listeners: Listener[] = [];
after(() => Promise.all([host.close(), ...listeners.map((listener) => listener.close())]));

async function listenOn(endpoint: string): Promise<{ url: string; ended: Promise<Error | null> }> {
  const { promise: ended, resolve } = Promise.withResolvers<Error | null>();
  const listener = await listen(parseListenEndpoint(endpoint), {
    onConnection: (transport) => void host.serve(transport).then(resolve),
  });
  listeners.push(listener);
  return { url: listener.url, ended };
}

function hello(...optionalCapabilities: readonly string[]): Buffer {
  const message = {
    type: 'connection/hello',
    supportedVersions: [1],
    requiredCapabilities: [],
    optionalCapabilities,
  };
  return frameOf(Buffer.from(JSON.stringify(message)));
}

/** All that comes until the end. @param greeted Called when the first message has come. */
async function untilEnd(socket: Socket, greeted: () => void): Promise<readonly Json[]> {
  const reader = new MessageReader();
  const messages: Json[] = [];
  const onData = (chunk: Buffer) => {
    reader.push(chunk);
    for (let body = reader.next(); body !== null; body = reader.next()) {
      messages.push(JSON.parse(body.toString('utf8')) as Json);
      if (messages.length === 1) greeted();
    }
  };
  socket.on('data', onData);
  // A host that sends nothing more may reset the connection.
  socket.on('error', () => {});
  socket.on('end', () => socket.end());
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return messages;
}

const HUGE = frameOf(Buffer.alloc(1 << 20), MAX_FRAME_BYTES + 1);
const CUT_OFF = frameOf(Buffer.from('{}'), 100);

describe('The last words of a host over a socket', { timeout: 30_000 }, () => {
  for (const [what, bytes, reason] of [
    ['a frame that is too long', HUGE, /its length is 67108865/],
    ['a frame that is cut off', CUT_OFF, /ended after 2 of 100 bytes/],
  ] as const) {
    for (const own of [true, false]) {
      it(`${own ? 'reach' : 'are kept from'} a client after ${what}`, async () => {
        const { url, ended } = await listenOn('tcp:127.0.0.1:0');
        const socket = connect({ port: Number(url.split(':').at(-1)), allowHalfOpen: true });
        socket.write(hello(...(own ? ['cellhost.cells'] : [])));
        const [ready, last, ...rest] = await untilEnd(socket, () => {
          socket.write(bytes);
          if (bytes === CUT_OFF) socket.end();
        });
        assert.equal(ready?.type, 'connection/ready');
        assert.equal(last?.type, own ? 'connection/failed' : undefined);
        if (own) assert.match(String(last?.message), reason);
        assert.deepEqual(rest, []);
        assert.match((await ended)?.message ?? '', reason);
      });
    }
  }

  it('reach a client of a WebSocket after a message that is text', async () => {
    const { url, ended } = await listenOn('ws:127.0.0.1:0');
    const socket = new WebSocket(url);
    const messages: Json[] = [];
    socket.on('message', (data: Buffer) =>
      messages.push(JSON.parse(data.subarray(4).toString('utf8')) as Json),
    );
    await once(socket, 'open');
    socket.send(hello('cellhost.cells'));
    socket.send('text');
    await once(socket, 'close');
    assert.equal(messages.at(-1)?.type, 'connection/failed');
    assert.match((await ended)?.message ?? '', /text/);
  });
});

describe('A client whose host reports why it ends the connection', () => {
  it('has the reason as the cause of connection_lost', async () => {
    const [here, there] = memoryTransports();
    const served = host.serve(there);
    const client = await HostClient.connect(here);
    const session = await client.openSession({ delegate: new ScriptedDelegate() });
    const { first } = await session.execute({ source: 'hang', observe: LONG });
    here.send('{');
    const reason = 'the host ended it: Cannot read a message: it is not JSON';
    await assert.rejects(first, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'connection_lost');
      assert.equal(error.message, `code-mode host connection closed: ${reason}`);
      assert.equal((error.cause as Error).message, reason);
      return true;
    });
    assert.equal((await served)?.message, 'Cannot read a message: it is not JSON');
    await client.close();
  });
});
