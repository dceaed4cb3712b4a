import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants } from 'node:http2';
import { createServer, type Server } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { connect } from '../../../../host/client/spawn-host.ts';
import { Status } from '../../../../host/grpc/status.ts';
import { brief, rejectsWith } from '../../../support/events.ts';
import { completed, FakeGrpcHost } from '../../../support/fake-grpc-host.ts';
import { settled } from '../../../support/gates.ts';
import { ScriptedDelegate } from '../../../support/scripted-delegate.ts';

const OTHER = '00000000-0000-4000-8000-000000000002';

/** A client of a fake host, closed after the test. */
async function setUp(t: TestContext) {
  const host = await FakeGrpcHost.start();
  const client = await connect(host.url, { answerWithinMs: 1_000 });
  t.after(async () => {
    host.cut();
    await client.close();
    await host[Symbol.asyncDispose]();
  });
  return { host, client, delegate: new ScriptedDelegate() };
}

/** A server that does something else with each connection. */
async function listening(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

describe('Connecting over gRPC', () => {
  it('fails with connection_lost if nothing listens', async (t) => {
    const server = createServer();
    const url = await listening(t, server);
    server.close();
    await once(server, 'close');
    await rejectsWith(connect(url), 'connection_lost');
    await assert.rejects(connect(url), /Cannot connect to http:.*ECONNREFUSED/);
  });

  it('fails if the other end speaks something else, or ends', async (t) => {
    for (const words of ['HTTP/1.1 400 Bad Request\r\n\r\n', '']) {
      const server = createServer((socket) => void socket.on('error', () => {}).end(words));
      await rejectsWith(connect(await listening(t, server)), 'connection_lost');
    }
  });

  it('fails with handshake_failed if the other end is silent', async (t) => {
    const server = createServer((socket) => {
      t.after(() => void socket.destroy());
      socket.on('error', () => {});
    });
    await rejectsWith(connect(await listening(t, server), { helloMs: 20 }), 'handshake_failed');
  });

  it('stops when it is aborted', async (t) => {
    const server = createServer((socket) => {
      t.after(() => void socket.destroy());
      socket.on('error', () => {});
      giveUp.abort(new Error('given up'));
    });
    const giveUp = new AbortController();
    const url = await listening(t, server);
    await assert.rejects(connect(url, { signal: giveUp.signal }), /given up/);
    await assert.rejects(
      connect(url, { signal: AbortSignal.abort(new Error('at once')) }),
      /at once/,
    );
  });

  it('refuses addresses and options that make no sense', async () => {
    for (const url of [
      'http://',
      'http:host',
      'http://user:secret@host:1',
      'http://host/path',
      'https://host?query',
      'http://host:99999',
      'grpc+unix:',
      'grpc+unix://',
    ]) {
      await rejectsWith(connect(url), 'invalid_config');
    }
    await rejectsWith(connect('http://127.0.0.1:1', { token: 'secret' }), 'invalid_config');
    await rejectsWith(connect('http://127.0.0.1:1', { tls: {} }), 'invalid_config');
    await rejectsWith(connect('ws://127.0.0.1:1', { tls: {} }), 'invalid_config');
    await assert.rejects(connect('http://user:secret@host:1'), (error: Error) => {
      assert.ok(!error.message.includes('secret'));
      return true;
    });
  });
});

describe('Opening a session over gRPC', () => {
  it('is tried again while the host is busy or stopping', async (t) => {
    const { host, client, delegate } = await setUp(t);
    const opening = client.openSession({ delegate });
    (await host.next('openSession')).end(Status.unavailable, 'stopping');
    (await host.next('openSession')).end(Status.resourceExhausted, 'too many sessions');
    await host.open();
    assert.equal((await opening).id, '00000000-0000-4000-8000-000000000001');
  });

  it('fails after five attempts', async (t) => {
    const { host, client, delegate } = await setUp(t);
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const opening = client.openSession({ delegate });
    opening.catch(() => {});
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const call = await host.next('openSession');
      call.end(Status.resourceExhausted, 'code-mode host has too many sessions');
      await call.closed;
      for (let wait = 0; wait < 20; wait += 1) await settled();
      t.mock.timers.tick(2_000);
    }
    await rejectsWith(opening, 'limit_exceeded');
    assert.equal(host.log.length, 5);
  });

  it('fails at once for any other reason', async (t) => {
    const { host, client, delegate } = await setUp(t);
    for (const [status, code] of [
      [Status.unimplemented, 'unsupported'],
      [Status.invalidArgument, 'invalid_argument'],
      [Status.internal, 'peer_failed'],
    ] as const) {
      const opening = client.openSession({ delegate });
      (await host.next('openSession')).end(status, 'no');
      await rejectsWith(opening, code);
    }
  });

  it('fails if the host says something else first, nothing, or an invalid id', async (t) => {
    const { host, client, delegate } = await setUp(t);
    const value = { executionId: 'e', cellId: '1', finalToolCallSequence: 0n };
    const first = client.openSession({ delegate });
    (await host.next('openSession')).send({ event: { $case: 'cellClosed', value } });
    await rejectsWith(first, 'peer_failed');
    const second = client.openSession({ delegate });
    (await host.next('openSession')).accept().end();
    await rejectsWith(second, 'connection_lost');
    const third = client.openSession({ delegate });
    const opened = { sessionId: ' ', outputTruncation: 0 } as const;
    (await host.next('openSession')).send({ event: { $case: 'opened', value: opened } });
    await rejectsWith(third, 'peer_failed');
  });

  it('leaves the session if the host refuses its tool calls', async (t) => {
    const { host, client, delegate } = await setUp(t);
    const opening = client.openSession({ delegate });
    const lease = await host.next('openSession');
    const opened = { sessionId: OTHER, outputTruncation: 0 } as const;
    lease.send({ event: { $case: 'opened', value: opened } });
    (await host.next('subscribeToToolCalls')).end(Status.internal, 'no calls');
    await rejectsWith(opening, 'peer_failed');
    assert.equal(await lease.closed, constants.NGHTTP2_CANCEL);
  });

  it('leaves the session if it is aborted', async (t) => {
    const { host, client, delegate } = await setUp(t);
    const giveUp = new AbortController();
    const opening = client.openSession({ delegate, signal: giveUp.signal });
    const lease = await host.next('openSession');
    giveUp.abort(new Error('given up'));
    await assert.rejects(opening, /given up/);
    assert.equal(await lease.closed, constants.NGHTTP2_CANCEL);
  });

  it('is refused for what gRPC has no words for, and nothing is sent', async (t) => {
    const { host, client, delegate } = await setUp(t);
    for (const options of [
      { sessionId: 'mine' },
      { toolErrors: 'error' as const },
      { console: true },
      { limits: { maxLiveCells: 1 } },
    ]) {
      await rejectsWith(client.openSession({ delegate, ...options }), 'unsupported');
    }
    assert.deepEqual(host.log, []);
  });

  it('sends the longest wait', async (t) => {
    const { host, client, delegate } = await setUp(t);
    client.createSession({ delegate, limits: { maxYieldAfterMs: 7.5 } }).catch(() => {});
    const { request } = await host.next('openSession');
    assert.deepEqual(request.limits, { maxYieldTimeMs: 8n, maxHeapSizeBytes: undefined });
    assert.equal(request.callbackCapacity, 4_096n);
  });
});

describe('A gRPC host', () => {
  it('that takes no new calls keeps the open ones, and the next goes elsewhere', async (t) => {
    const { host, client, delegate } = await setUp(t);
    const opening = client.openSession({ delegate });
    const { lease } = await host.open(undefined, { 'x-code-mode-route': 'a' });
    const session = await opening;
    const asked = session.execute({ source: '' });
    const execution = await host.started('1');
    const { first } = await asked;
    host.sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR);
    while (host.sessions.length === 1) {
      // Until the client has heard it, its calls may still come over the first connection.
      const waiting = session.observe('1');
      const wait = await host.next('wait');
      assert.equal(wait.headers['x-code-mode-route'], 'a');
      wait.end(Status.failedPrecondition, 'exec cell 1 already has an active observer');
      await rejectsWith(waiting, 'cell_busy');
    }
    execution.send(completed('1', 'kept')).end();
    const value = { executionId: 'e', cellId: '1', finalToolCallSequence: 0n };
    lease.send({ event: { $case: 'cellClosed', value } });
    assert.equal(brief(await first), 'completed: kept');
    assert.equal(client.failure, null);
  });

  it('that does not answer loses its connection', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { host, client, delegate } = await setUp(t);
    const opening = client.openSession({ delegate });
    await host.open();
    const session = await opening;
    const asked = session.execute({ source: '' });
    asked.catch(() => {});
    await host.next('execute');
    for (let passedMs = 0; passedMs <= 63_000; passedMs += 100) t.mock.timers.tick(100);
    await assert.rejects(asked, /did not answer Execute within 61000 ms/);
    await client.ended;
  });

  it('is told that a result is too large', async (t) => {
    const { host, client, delegate } = await setUp(t);
    delegate.onTool = async () => 'x'.repeat(64 << 20);
    const opening = client.openSession({ delegate });
    const { calls } = await host.open();
    const session = await opening;
    const asked = session.execute({ source: '' });
    await host.started('1');
    await asked;
    calls.send({
      sessionId: session.id,
      executionId: 'e',
      cellId: '1',
      invocationId: 'a',
      runtimeToolCallId: 'tool-1',
      toolName: { name: 'large' },
      toolKind: 1,
      sequence: 1n,
    });
    const { outcome } = (await host.next('completeToolCall')).request;
    assert.equal(outcome?.$case, 'failed');
    assert.match(outcome?.value.message ?? '', /exceeds the gRPC message limit/);
  });
});
