import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { CompleteToolCallRequest } from '../../../../host/grpc/generated/code-mode.ts';
import { FakeSandbox } from '../../../support/fake-sandbox.ts';
import { GrpcHost } from '../../../support/grpc-host.ts';
import { GrpcSession } from '../../../support/grpc-session.ts';
import { framed, RawGrpc } from '../../../support/raw-grpc.ts';

const MB = 1_000_000;
const CALLS = 8;

function completing(sessionId: string, invocationId: string, json: string | Buffer): Buffer {
  const outcome = { $case: 'succeeded' as const, value: { outputJson: Buffer.from(json) } };
  const request = { sessionId, invocationId, outcome };
  return framed(Buffer.from(CompleteToolCallRequest.encode(request).finish()));
}

/** A session with so many calls that its client has not answered yet. */
async function asking(host: GrpcHost, count: number) {
  const client = host.client();
  const session = await GrpcSession.open(client);
  const calls = await session.subscribe();
  const execution = session.execute('many');
  const ids: string[] = [];
  while (ids.length < count) ids.push((await calls.next())!.invocationId);
  return { client, session, execution, ids };
}

function sandboxOf(count: number, got: string[]) {
  return new FakeSandbox({
    // A host runs an empty program before it takes sessions.
    '': (run) => {
      run.start();
      run.end();
    },
    many: (run) => {
      run.start();
      const calls = Array.from({ length: count }, () => run.callTool());
      for (const call of calls) void call.then(({ text }) => got.push(text));
      void Promise.all(calls).then(() => run.end());
    },
  });
}

describe('Large results over gRPC', () => {
  it('reach the program as they came', async () => {
    const got: string[] = [];
    await using host = await GrpcHost.start({ sandbox: sandboxOf(2, got) });
    const { client, session, execution, ids } = await asking(host, 2);
    const json = ` [ 1.0e2 , "é", 12345678901234567890, "${'x'.repeat(2 * MB)}" ]\n`;
    using raw = new RawGrpc(host.address);
    const ends = ids.map((id) =>
      raw.call('CompleteToolCall', [completing(session.sessionId, id, json)]),
    );
    for (const end of await Promise.all(ends)) assert.equal(end['grpc-status'], '0');
    await execution.outcome();
    assert.deepEqual(got, [json, json]);
    await session.close();
    await client[Symbol.asyncDispose]();
  });

  it('are refused if they are not JSON, and the call can still be answered', async () => {
    const got: string[] = [];
    await using host = await GrpcHost.start({ sandbox: sandboxOf(1, got) });
    const { client, session, execution, ids } = await asking(host, 1);
    using raw = new RawGrpc(host.address);
    const answer = (json: string | Buffer) =>
      raw.call('CompleteToolCall', [completing(session.sessionId, ids[0]!, json)]);
    const text = `"${'x'.repeat(MB)}"`;
    const noUtf8 = Buffer.from(text);
    noUtf8[1_000] = 0xff;
    for (const [json, why] of [
      [`${text},`, 'JSON'],
      [text.slice(0, -1), 'JSON'],
      [`\ufeff${text}`, 'JSON'],
      [noUtf8, 'UTF-8'],
    ] as const) {
      const end = await answer(json);
      const message = `invalid code-mode tool output JSON: it is not ${why}`;
      assert.deepEqual([end['grpc-status'], end['grpc-message']], ['3', message]);
    }
    assert.equal((await answer(text))['grpc-status'], '0');
    await execution.outcome();
    assert.deepEqual(got, [text]);
    await session.close();
    await client[Symbol.asyncDispose]();
  });

  it('are not read from any connection while too many wait, and then all arrive', async () => {
    const got: string[] = [];
    const sandbox = sandboxOf(CALLS, got);
    await using host = await GrpcHost.start({ sandbox });
    const { client, session, execution, ids } = await asking(host, CALLS);
    const room = Promise.withResolvers<boolean>();
    sandbox.last.full = room.promise;
    // 40 MB wait, from a connection that has no session.
    using carrier = new RawGrpc(host.address, { maxSessionMemory: 1_000 });
    const json = `"${'x'.repeat(8 * MB)}"`;
    const send = (id: string) =>
      carrier.call('CompleteToolCall', [completing(session.sessionId, id, json)]);
    for (const id of ids.slice(0, 5)) assert.equal((await send(id))['grpc-status'], '0');
    let answered = 0;
    const rest = ids.slice(5).map((id) => send(id).finally(() => (answered += 1)));
    const closing = carrier.call('CloseSession', [framed(Buffer.alloc(0))]);
    void closing.finally(() => (answered += 1));
    using other = new RawGrpc(host.address);
    for (let n = 0; n < 30; n += 1) await other.call('CloseSession', [framed(Buffer.alloc(0))]);
    assert.equal(answered, 0);
    sandbox.last.full = null;
    room.resolve(true);
    for (const end of await Promise.all(rest)) assert.equal(end['grpc-status'], '0');
    assert.equal((await closing)['grpc-status'], '3');
    await execution.outcome();
    assert.deepEqual(got, Array(CALLS).fill(json));
    await session.close();
    await client[Symbol.asyncDispose]();
  });

  it('count as waiting while they are checked, also if they are refused', async (t) => {
    await using host = await GrpcHost.start({ sandbox: sandboxOf(1, []) });
    const counted: [bytes: number, looked: Promise<unknown>][] = [];
    t.mock.method(
      host.host.core.sessions,
      'countWhile',
      (looked: Promise<unknown>, bytes: number) => counted.push([bytes, looked]),
    );
    const { client, session, ids } = await asking(host, 1);
    using raw = new RawGrpc(host.address);
    for (const [json, status] of [
      ['"'.padEnd(MB), '3'],
      [`"${'x'.repeat(MB)}"`, '0'],
    ] as const) {
      const end = await raw.call('CompleteToolCall', [
        completing(session.sessionId, ids[0]!, json),
      ]);
      assert.equal(end['grpc-status'], status);
    }
    assert.deepEqual(
      counted.map(([bytes]) => bytes),
      [MB, MB + 2],
    );
    await Promise.all(counted.map(([, looked]) => looked));
    await session.close();
    await client[Symbol.asyncDispose]();
  });

  it('are held back, not refused, if many are sent at once', async () => {
    const COUNT = 100;
    const got: string[] = [];
    const limits = { maxConnectionPendingBytes: 32 * MB };
    await using host = await GrpcHost.start({ sandbox: sandboxOf(COUNT, got), limits });
    const { client, session, execution, ids } = await asking(host, COUNT);
    using raw = new RawGrpc(host.address, { maxSessionMemory: 1_000 });
    const json = `"${'x'.repeat(MB)}"`;
    const streams = ids.map((id) => {
      const stream = raw.open('CompleteToolCall');
      const closed = once(stream, 'close');
      let status: unknown;
      stream.on('response', (fields) => (status = fields['grpc-status'] ?? status));
      stream.on('trailers', (fields) => (status = fields['grpc-status']));
      stream.resume();
      const bytes = completing(session.sessionId, id, json);
      return { stream, bytes, ended: closed.then(() => status) };
    });
    // Half of each is more than may be pending.
    for (const { stream, bytes } of streams) stream.write(bytes.subarray(0, MB / 2));
    using other = new RawGrpc(host.address);
    for (let sent = -1; sent !== raw.http.socket.bytesWritten; ) {
      sent = raw.http.socket.bytesWritten;
      for (let n = 0; n < 30; n += 1) await other.call('CloseSession', [framed(Buffer.alloc(0))]);
    }
    for (const { stream, bytes } of streams) stream.end(bytes.subarray(MB / 2));
    for (const { ended } of streams) assert.equal(await ended, '0');
    await execution.outcome();
    assert.deepEqual(got, Array(COUNT).fill(json));
    await session.close();
    await client[Symbol.asyncDispose]();
  });
});
