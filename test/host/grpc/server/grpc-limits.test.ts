import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { HostClient } from '../../../../host/client/host-client.ts';
import { memoryTransports } from '../../../../host/transports/memory-transport.ts';
import { isolateSandbox } from '../../../../sandbox/index.ts';
import { GrpcHost } from '../../../support/grpc-host.ts';
import { executing, GrpcSession, shown } from '../../../support/grpc-session.ts';
import { RawGrpc } from '../../../support/raw-grpc.ts';
import { ScriptedDelegate } from '../../../support/scripted-delegate.ts';

const sandbox = isolateSandbox();
after(() => sandbox.close());

/** A client of the same host that sends frames. */
async function framesClient({ host }: GrpcHost): Promise<HostClient> {
  const [ours, theirs] = memoryTransports();
  void host.serve(theirs);
  return await HostClient.connect(ours);
}

/** Until so many bytes of an answer have come to a client that takes none of them. */
async function holding(stream: Readable, bytes: number): Promise<void> {
  stream.on('readable', () => {});
  while (stream.readableLength < bytes) await once(stream, 'readable');
}

describe('The limits of a host', () => {
  it('let a client send no more than 256 KiB of a request before it is read', async () => {
    await using host = await GrpcHost.start({ sandbox });
    using raw = new RawGrpc(host.address);
    const [settings] = await once(raw.http, 'remoteSettings');
    assert.equal(settings.initialWindowSize, 256 << 10);
  });

  it('count the sessions of both wires together', async () => {
    await using host = await GrpcHost.start({ sandbox, limits: { maxSessions: 1 } });
    await using frames = await framesClient(host);
    const delegate = new ScriptedDelegate();
    const session = await frames.openSession({ delegate });
    await using client = host.client();
    const { code, text } = await client.stream('openSession', {}).ended;
    assert.equal(code, 8);
    assert.match(
      text,
      /too many sessions: 1 are open \(maxSessions\): connection 1 \(memory\) holds 1/,
    );
    await session.close();
    const lease = await GrpcSession.open(client);
    await assert.rejects(frames.openSession({ delegate }), /connection 2 \(test\) holds 1/);
    await lease.close();
  });

  it('count the connections of both wires together', async () => {
    await using host = await GrpcHost.start({ sandbox, limits: { maxConnections: 1 } });
    await using frames = await framesClient(host);
    await using refused = host.client();
    assert.equal((await refused.stream('openSession', {}).ended).code, 14);
    await frames.close();
    await using accepted = host.client();
    const session = await GrpcSession.open(accepted);
    await session.close();
  });

  it('refuse one more request, but nothing that ends others', async () => {
    await using host = await GrpcHost.start({ sandbox, limits: { maxRequests: 1 } });
    await using client = host.client();
    const session = await GrpcSession.open(client);
    const calls = await session.subscribe();
    const execution = session.execute(`text(await tools.hold())`);
    const cellId = await execution.started();
    const call = (await calls.next())!;
    const { sessionId } = session;
    const refused = await client.end('wait', { sessionId, cellId, waitId: 'w', yieldTimeMs: 1n });
    assert.equal(refused.code, 8);
    assert.match(refused.text, /this connection has 1 \(maxRequests\)/);
    await session.complete(call, 'on');
    assert.deepEqual(shown(await execution.outcome()), ['completed', 'on']);
    await session.close();
  });

  it('make answers wait for a client that does not read, and end it with its session', async () => {
    const limits = { maxUnreadBytes: 1 << 20 };
    await using host = await GrpcHost.start({ sandbox, limits });
    await using client = host.client();
    using deaf = new RawGrpc(host.address);
    deaf.http.once('connect', () => deaf.http.setLocalWindowSize(64 << 20));
    const session = await GrpcSession.open(client);
    const calls = await session.subscribe();
    const unread = [1, 2, 3].map((number) => {
      const stream = deaf.open('Execute');
      stream.end(
        executing(session.sessionId, `e${number}`, `await tools.echo(); text('x'.repeat(3 << 20))`),
      );
      return stream;
    });
    const streams = unread.map((stream) => once(stream, 'close'));
    for (const _ of unread) await session.complete((await calls.next())!, null);
    // An answer has come, so the others wait for it to be read. What tells that a cell has started is shorter.
    await Promise.race(unread.map((stream) => holding(stream, 1 << 10)));
    const other = await GrpcSession.open(client);
    assert.deepEqual(shown(await other.execute(`text('read')`).outcome()), ['completed', 'read']);
    // Its answers have 5 s; then they are lost.
    const closed = session.close();
    const { code, text } = await session.lease.ended;
    assert.equal(code, 14);
    assert.match(text, /^Cannot send \d answers to test: it did not read them within 5000 ms$/);
    await Promise.all(streams);
    assert.equal((await closed).code, 0);
    assert.equal(host.server.sessions, 1);
    assert.deepEqual(shown(await other.execute(`text('on')`).outcome()), ['completed', 'on']);
    await other.close();
  });

  it('end a session whose client leaves its lease unread', async () => {
    const limits = { maxUnreadBytes: 10_000 };
    await using host = await GrpcHost.start({ sandbox, limits });
    await using client = host.client();
    const session = await GrpcSession.open(client, { callbackCapacity: 5_000n });
    const calls = await session.subscribe();
    session.lease.call.pause();
    // Each call that is cancelled at the end is told on the lease.
    session.execute(`for (let i = 0; i < 4_096; i += 1) tools.hold(); await tools.echo()`);
    for (let call = await calls.next(); call !== undefined; call = await calls.next()) {
      if (call.toolName?.name === 'echo') void session.complete(call, null).catch(() => {});
    }
    session.lease.call.resume();
    await session.lease.ended;
    assert.equal(host.server.sessions, 0);
  });
});
