import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import { JoinedStreams } from '../../../../host/io/joined-streams.ts';
import { isolateSandbox } from '../../../../sandbox/index.ts';
import { GrpcHost } from '../../../support/grpc-host.ts';
import { GrpcSession, shown } from '../../../support/grpc-session.ts';
import { framed, RawGrpc } from '../../../support/raw-grpc.ts';

const sandbox = isolateSandbox();
after(() => sandbox.close());

/** Resolves when the host has no session and no connection left. */
async function emptied({ host }: GrpcHost): Promise<void> {
  while (host.counts.sessions > 0 || host.counts.connections > 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('A connection of HTTP/2', () => {
  it('refuses a request that cannot be read, and continues', async () => {
    await using host = await GrpcHost.start({ sandbox });
    using raw = new RawGrpc(host.address);
    const message = framed(Buffer.from([0x0a, 1, 0x78]));
    for (const [request, headers, status, words] of [
      [
        [message],
        { 'grpc-encoding': 'gzip' },
        '12',
        /^Content is compressed with `gzip` which isn't supported$/,
      ],
      [[framed(Buffer.from('x'), 1)], {}, '12', /compressed/],
      [[framed(Buffer.from('x'), 7)], {}, '13', /compression flag/],
      [[message.subarray(0, 7)], {}, '13', /the peer ended/],
      [[], {}, '13', /^Missing request message\.$/],
      [[framed(Buffer.from([0x0a, 0xff]))], {}, '13', /^failed to decode Protobuf message: \S/],
      [
        [framed(Buffer.alloc(0), 0, 70 << 20)],
        {},
        '11',
        /^Error, decoded message length too large: found 73400320 bytes, the limit is: 67108864 bytes$/,
      ],
      [[message], {}, '3', /^code-mode session ID must be a UUID$/],
      [[message, message], { 'grpc-encoding': 'identity' }, '3', /must be a UUID$/],
    ] as const) {
      const end = await raw.call('CloseSession', request, headers);
      assert.equal(end['grpc-status'], status, String(words));
      assert.match(String(end['grpc-message']), words);
    }
    assert.equal(raw.http.closed, false);
  });

  it('weighs a request that arrives in parts, and gives up what is over the limit', async () => {
    const limits = { maxConnectionPendingBytes: 1 << 20 };
    await using host = await GrpcHost.start({ sandbox, limits });
    using raw = new RawGrpc(host.address);
    const end = await raw.call('CloseSession', [framed(Buffer.alloc(2 << 20))]);
    assert.equal(end['grpc-status'], '8');
    assert.match(String(end['grpc-message']), /maxConnectionPendingBytes/);
    assert.equal(host.host.core.sessions.budget.used, 0);
  });

  it('answers an unknown method with UNIMPLEMENTED', async () => {
    await using host = await GrpcHost.start({ sandbox });
    using raw = new RawGrpc(host.address);
    for (const path of ['Nope', '/', '/other.Service/Wait', 'toString']) {
      const end = await raw.call(path, []);
      assert.deepEqual([end[':status'], end['grpc-status']], [200, '12'], path);
    }
  });

  it('tells its health over HTTP/1.1 and HTTP/2, also while it stops', async () => {
    await using host = await GrpcHost.start({ sandbox });
    using raw = new RawGrpc(host.address);
    const overHttp1 = async (path: string) => {
      const response = await fetch(`http://${host.address}${path}`);
      return response.status;
    };
    const overHttp2 = async (method: string) =>
      (await raw.call('/healthz', [], { ':method': method }))[':status'];
    assert.deepEqual([await overHttp1('/healthz'), await overHttp2('GET')], [200, 200]);
    assert.deepEqual([await overHttp1('/'), await overHttp2('DELETE')], [505, 405]);
    await using client = host.client();
    const session = await GrpcSession.open(client);
    const goodbye = once(raw.http, 'goaway');
    const drained = host.server.drain(60_000);
    await goodbye;
    assert.equal(await overHttp1('/healthz'), 503);
    const refused = client.stream('openSession', {});
    assert.deepEqual(await refused.ended, { code: 14, text: 'code-mode host is shutting down' });
    const stays = session.execute(`text('still')`);
    assert.deepEqual(shown(await stays.outcome()), ['completed', 'still']);
    await session.close();
    await drained;
    await emptied(host);
  });

  it('drops a client that does not speak the protocol, and serves the others', async () => {
    await using host = await GrpcHost.start({ sandbox });
    await using client = host.client();
    const session = await GrpcSession.open(client);
    const garbage = connect(host.port, '127.0.0.1');
    garbage.end('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n and more that is no frame');
    garbage.on('error', () => {});
    await once(garbage.resume(), 'close');
    const noise = connect(host.port, '127.0.0.1');
    noise.end(Buffer.from([0, 1, 2, 3, 4, 5]));
    assert.match(await text(noise), /^HTTP\/1\.1 400/);
    assert.deepEqual(shown(await session.execute(`text('on')`).outcome()), ['completed', 'on']);
    await session.close();
  });

  it('survives a client that leaves after any byte of its first request', async () => {
    await using host = await GrpcHost.start({ sandbox });
    const said = await firstBytes();
    assert.ok(said.length > 100);
    for (let length = 0; length <= said.length; length += 1) {
      const socket = connect(host.port, '127.0.0.1');
      socket.on('error', () => {});
      const gone = once(socket.resume(), 'close');
      socket.write(said.subarray(0, length), () => {
        if (length % 2 === 0) socket.resetAndDestroy();
        else socket.end();
      });
      await gone;
    }
    await emptied(host);
    await using client = host.client();
    const session = await GrpcSession.open(client);
    assert.deepEqual(shown(await session.execute(`text('on')`).outcome()), ['completed', 'on']);
    await session.close();
  });

  it('drops a client that floods it with pings', async () => {
    await using host = await GrpcHost.start({ sandbox });
    const flood = connect(host.port, '127.0.0.1');
    flood.on('error', () => {});
    flood.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    flood.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
    const ping = Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    // It reads no answers, so they would pile up.
    flood.pause();
    const pings = Buffer.concat(Array.from({ length: 20_000 }, () => ping));
    const send = () => {
      if (!flood.destroyed) flood.write(pings, () => setImmediate(send));
    };
    send();
    await Promise.race([once(flood, 'close'), emptiedAfterUse(host)]);
    flood.destroy();
    await emptied(host);
  });

  it('keeps serving a client that has said goodbye while its sessions last', async () => {
    await using host = await GrpcHost.start({ sandbox });
    using raw = new RawGrpc(host.address);
    const lease = raw.open('OpenSession');
    lease.end(framed(Buffer.alloc(0)));
    await once(lease, 'data');
    raw.http.goaway(0);
    await new Promise((resolve) => raw.http.ping(resolve));
    assert.equal(host.host.counts.sessions, 1);
    lease.close();
    await emptied(host);
  });

  it('ends the sessions of a connection that breaks, whatever they are doing', async () => {
    await using host = await GrpcHost.start({ sandbox });
    await using client = host.client();
    const idle = await GrpcSession.open(client);
    const busy = await GrpcSession.open(client);
    const calls = await busy.subscribe();
    const execution = busy.execute(`notify('x'); await tools.hold()`);
    await execution.started();
    await calls.next();
    host.cut();
    await emptied(host);
    assert.equal(host.server.sessions, 0);
    assert.equal((await idle.lease.ended).code, 14);
  });

  it('carries 10,000 tool calls at once', async () => {
    await using host = await GrpcHost.start({ sandbox });
    await using client = host.client();
    const session = await GrpcSession.open(client, { callbackCapacity: 16_384n });
    const calls = await session.subscribe();
    const source = `
      const all = await Promise.all(Array.from({ length: 10_000 }, (_, i) => tools.echo(i)));
      text(all.every((value, i) => value === i));
    `;
    const execution = session.execute(source, { yieldTimeMs: 60_000n });
    const taken = [];
    while (taken.length < 10_000) taken.push((await calls.next())!);
    assert.deepEqual([taken[0]?.sequence, taken.at(-1)?.sequence], [1n, 10_000n]);
    await Promise.all(
      taken.map((call) =>
        session.complete(call, JSON.parse(Buffer.from(call.inputJson!).toString())),
      ),
    );
    assert.deepEqual(shown(await execution.outcome()), ['completed', 'true']);
    assert.equal((await session.closed()).finalToolCallSequence, 10_000n);
    await session.close();
  });
});

/** What a client sends to open a session. */
async function firstBytes(): Promise<Buffer> {
  const sent = new PassThrough();
  const pipes = new JoinedStreams(new PassThrough(), sent);
  using raw = new RawGrpc('nobody', { createConnection: () => pipes });
  const said: Buffer[] = [];
  sent.on('data', (chunk: Buffer) => said.push(chunk));
  const lease = raw.open('OpenSession');
  lease.end(framed(Buffer.alloc(0)));
  await once(lease, 'finish');
  return Buffer.concat(said);
}

/** Resolves when a client has come and was dropped. */
async function emptiedAfterUse(host: GrpcHost): Promise<void> {
  while (host.host.counts.connections === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await emptied(host);
}
