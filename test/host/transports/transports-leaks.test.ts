import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { dial } from '../../../host/transports/dial.ts';
import { listen } from '../../../host/transports/listen.ts';
import { parseListenEndpoint } from '../../../host/wire/endpoint.ts';
import { Recorder, turns } from '../../contract/transport-peers.ts';
import { timerCount } from '../../support/leaks.ts';
import { never, temporaryFolder } from './connections.ts';

const CONNECTIONS = 1_000;
const AT_ONCE = 50;
const MAX_TURNS = 2_000;

const folder = temporaryFolder();
after(() => folder[Symbol.dispose]());

const descriptors = () => readdirSync('/proc/self/fd').length;

/** A listener that starts what comes and closes what is closed. */
async function openCrowded(where: string) {
  const come: Recorder[] = [];
  const listener = await listen(parseListenEndpoint(where), {
    onConnection(transport) {
      const recorder = new Recorder();
      come.push(recorder);
      transport.start(recorder);
    },
  });
  /** A server accepts one connection per turn, and the system queues at most a few hundred. */
  const caughtUp = async (count: number) => {
    while (come.length < count) await turns(1);
  };
  return { listener, come, caughtUp };
}

/** Does it so often, some at once. */
async function crowd(
  one: (n: number) => Promise<void>,
  caughtUp: (count: number) => Promise<void>,
): Promise<void> {
  for (let n = 0; n < CONNECTIONS; n += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, more) => one(n + more)));
    await caughtUp(n + AT_ONCE);
  }
}

/** The system may close a little later than we do. */
async function assertNoneLeft(before: number): Promise<void> {
  for (let turn = 0; turn < MAX_TURNS && descriptors() > before; turn += 1) await turns(1);
  assert.ok(descriptors() <= before, `${descriptors() - before} descriptors are left`);
}

describe('A thousand connections that come and go', { skip: process.platform !== 'linux' }, () => {
  const places = ['tcp:127.0.0.1:0', 'ws://127.0.0.1:0', `unix:${join(folder.path, 'many.sock')}`];
  for (const where of places) {
    const isWebSocket = where.startsWith('ws:');
    it(`leave nothing behind: ${where.slice(0, 4)}, dropped as soon as they connect`, async () => {
      const { listener, come, caughtUp } = await openCrowded(where);
      await using _closing = listener;
      const before = descriptors();
      const begun = ['', 'G', 'GET / HTTP/1.1\r\nUpgrade: websocket\r\n', '\x05\0\0\0he', '\xff'];
      await crowd(
        async (n) => {
          const socket = listener.url.startsWith('unix:')
            ? connect(listener.url.slice('unix:'.length))
            : connect(Number(new URL(listener.url.replace(/^tcp:/, 'ws://')).port), '127.0.0.1');
          socket.on('error', () => {});
          await once(socket, 'connect');
          socket.write(begun[n % begun.length]!, 'latin1', () => {
            if (n % 2 === 0 || where.startsWith('unix:')) socket.destroy();
            else socket.resetAndDestroy();
          });
          await once(socket, 'close');
        },
        isWebSocket ? async () => {} : caughtUp,
      );
      await assertNoneLeft(before);
      await Promise.all(come.map(({ end }) => end));
    });

    it(`leave nothing behind: ${where.slice(0, 4)}, dialled and destroyed`, async () => {
      const { listener, come, caughtUp } = await openCrowded(where);
      await using _closing = listener;
      const [before, timers] = [descriptors(), timerCount()];
      await crowd(async (n) => {
        const transport = await dial(listener.url, { signal: never });
        const received = new Recorder();
        if (n % 3 > 0) transport.start(received);
        transport.send('hello');
        if (n % 2 === 0) transport.destroy();
        await transport.close();
      }, caughtUp);
      await assertNoneLeft(before);
      await Promise.all(come.map(({ end }) => end));
      assert.ok(timerCount() <= timers, 'timers are left');
    });
  }
});
