import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { TransportOptions } from '../../host/transports/wire-transport.ts';
import type { Transport } from '../../host/wire/transport.ts';
import { type BarePeer, record, type TransportKind, turns } from './transport-peers.ts';

const BODY = Buffer.from('{"some":"message"}');

type Bare = (options?: TransportOptions) => Promise<readonly [Transport, BarePeer]>;

/** A peer that breaks the rules. */
export function faultCases({ bare, sudden }: TransportKind): void {
  if (bare === undefined) return;

  it('delivers all messages and then null if the peer ends between two messages', async () => {
    await using faulty = await open(bare);
    faulty.peer.send(BODY);
    faulty.peer.send(BODY);
    faulty.peer.end();
    assert.equal(await faulty.received.end, null);
    assert.equal(faulty.received.bodies.length, 2);
  });

  it('delivers all messages and then the end if the peer dies between two messages', async () => {
    await using faulty = await open(bare);
    faulty.peer.send(BODY);
    faulty.peer.send(BODY);
    await faulty.received.count(2);
    faulty.peer.die();
    const error = await faulty.received.end;
    if (sudden === null) assert.equal(error, null);
    else assert.match(String(error), sudden);
  });

  for (const bytes of [1, 3, 4, 5, BODY.length + 3]) {
    it(`reports what is missing if the peer dies ${bytes} bytes into a message`, async () => {
      await using faulty = await open(bare);
      faulty.peer.sendAndPart(BODY, BODY, bytes);
      await faulty.received.count(1);
      faulty.peer.die();
      const error = await faulty.received.end;
      assert.ok(error instanceof Error);
      assert.match(String(error), missing(bytes, sudden));
      assert.deepEqual(faulty.received.bodies, [BODY]);
    });
  }

  it('refuses a length above the maximum before any of the body', async () => {
    await using faulty = await open(bare);
    faulty.peer.send(BODY);
    faulty.peer.sendHuge();
    assert.match(String(await faulty.received.end), /67108865|Max payload size exceeded/);
    assert.deepEqual(faulty.received.bodies, [BODY]);
  });

  it('survives a peer that dies while a lot is sent to it', async () => {
    await using faulty = await open(bare, { closeWithinMs: 500 });
    for (let n = 0; n < 200; n += 1) faulty.transport.send('x'.repeat(64 << 10));
    faulty.peer.die();
    while (!faulty.received.isClosed) {
      faulty.transport.send('more');
      await turns(1);
    }
    assert.match(String(await faulty.received.end), /Lost the connection to .+: /);
  });

  it('survives a peer that dies before start, and reports it after start', async () => {
    const [transport, peer] = await bare();
    peer.send(BODY);
    await turns();
    peer.die();
    await turns();
    const received = record(transport);
    await received.end;
    peer.dispose();
  });

  it('survives a peer that ends and never reads, in bounded time', async () => {
    await using faulty = await open(bare, { closeWithinMs: 30 });
    faulty.transport.send('x'.repeat(16 << 20));
    faulty.peer.end();
    await faulty.received.end;
  });
}

/** The error of a stream, or of a kind for which every sudden end is the same. */
function missing(bytes: number, sudden: RegExp | null): RegExp {
  if (sudden !== null) return sudden;
  return bytes < 4
    ? new RegExp(`ended after ${bytes} of 4 bytes of a length`)
    : new RegExp(`ended after ${bytes - 4} of ${BODY.length} bytes of a message`);
}

async function open(bare: Bare, options?: TransportOptions) {
  const [transport, peer] = await bare(options);
  const received = record(transport);
  return {
    transport,
    peer,
    received,
    async [Symbol.asyncDispose]() {
      peer.dispose();
      transport.destroy();
      await received.end;
    },
  };
}
