import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { credentials } from '@grpc/grpc-js';
import { SessionEvent } from '../../../host/grpc/generated/code-mode.ts';
import { JoinedStreams } from '../../../host/io/joined-streams.ts';
import { GrpcJsClient } from '../../support/grpc-js-client.ts';
import { executing, GrpcSession, shown } from '../../support/grpc-session.ts';
import { framed, RawGrpc } from '../../support/raw-grpc.ts';
import { ServedHost } from '../../support/served-host.ts';
import { makeTlsFiles } from '../../support/tls-files.ts';

const BIN = new URL('../../../bin/codex-code-mode-host.js', import.meta.url).pathname;

function start(...args: string[]) {
  const flags = ['--disable-warning=ExperimentalWarning', BIN, '--log-level', 'silent'];
  const child = spawn(process.execPath, [...flags, ...args]);
  child.stdin.on('error', () => {});
  return child;
}

/** Runs one cell, and closes its session. */
async function answer(client: GrpcJsClient): Promise<unknown> {
  const session = await GrpcSession.open(client);
  const outcome = await session.execute(`const n: number = 42; text(n)`).outcome();
  await session.close();
  return shown(outcome)[1];
}

describe('cellhost serve over gRPC', () => {
  it('refuses what it must not or cannot serve, and names the flag', async () => {
    for (const [args, words] of [
      [['--listen', 'grpc://0.0.0.0:0'], /--tls-cert and --tls-key, or --trust-network/],
      [['--listen', 'grpc://127.0.0.1:0', '--tls-cert', 'x.pem'], /--tls-cert and --tls-key/],
      [
        ['--listen', 'grpc://127.0.0.1:0', '--tls-client-ca', 'x.pem'],
        /--tls-client-ca only works/,
      ],
      [['--listen', 'grpc://127.0.0.1:0', '--token-file', 'x'], /--token-file only works/],
      [['--listen', 'grpc://127.0.0.1:0', '--route', 'a b'], /--route must/],
      [['--listen', 'grpc://127.0.0.1:0', '--drain-ms', 'soon'], /--drain-ms soon/],
      [['--listen', 'tcp:127.0.0.1:0', '--trust-network'], /--trust-network only works/],
      [['--listen', 'grpc+stdio://', '--drain-ms', '10'], /--drain-ms only works/],
      [['--listen', 'grpc+stdio://x'], /nothing comes after/],
      [['--listen', 'grpc://127.0.0.1'], /HOST:PORT is wanted/],
      [
        ['--listen', 'grpc://0.0.0.0:0', '--tls-cert', '/none.pem', '--tls-key', '/none.pem'],
        /cannot read \/none\.pem \(--tls-cert\): there is no such file/,
      ],
    ] as const) {
      const child = start(...args);
      const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
      assert.match(said, words);
      assert.equal(code, 2, said);
    }
  });

  it('tells where it listens, serves there, and ends with 0 at SIGTERM', async () => {
    await using host = await ServedHost.start({ listen: 'grpc://127.0.0.1:0' });
    const address = /^http:\/\/(127\.0\.0\.1:\d+)$/.exec(host.url)?.[1];
    assert.ok(address);
    await using client = new GrpcJsClient(address);
    assert.equal(await answer(client), '42');
    const session = await GrpcSession.open(client);
    const execution = session.execute(`await new Promise(() => {})`);
    const cellId = await execution.started();
    const { code } = await host.end();
    assert.equal(code, 0);
    assert.equal((await execution.outcome()).state?.$case, 'terminated');
    assert.equal((await session.closed()).cellId, cellId);
    assert.deepEqual(await session.lease.ended, { code: 0, text: '' });
  });

  it('serves its owner alone on a Unix socket', async () => {
    const listen = `grpc+unix:${process.env.TMPDIR ?? '/tmp'}/cellhost-grpc-${process.pid}.sock`;
    await using host = await ServedHost.start({ listen });
    assert.equal(host.url, listen);
    const path = listen.slice('grpc+unix:'.length);
    assert.equal(statSync(path).mode & 0o077, 0);
    await using client = new GrpcJsClient(`unix:${path}`);
    assert.equal(await answer(client), '42');
  });

  it('encrypts, and asks for a certificate where it was told to', async () => {
    using files = makeTlsFiles();
    const args = ['--tls-cert', files.serverCert, '--tls-key', files.serverKey];
    const ca = readFileSync(files.ca);
    await using open = await ServedHost.start({ listen: 'grpc://0.0.0.0:0', args });
    assert.match(open.url, /^https:\/\/0\.0\.0\.0:\d+$/);
    const port = (url: string) => new URL(url).port;
    await using anybody = new GrpcJsClient(
      `localhost:${port(open.url)}`,
      credentials.createSsl(ca),
    );
    assert.equal(await answer(anybody), '42');
    const strict = [...args, '--tls-client-ca', files.ca];
    await using closed = await ServedHost.start({ listen: 'grpc://127.0.0.1:0', args: strict });
    const address = `localhost:${port(closed.url)}`;
    await using stranger = new GrpcJsClient(address, credentials.createSsl(ca));
    assert.equal((await stranger.stream('openSession', {}).ended).code, 14);
    const own = [readFileSync(files.clientKey), readFileSync(files.clientCert)] as const;
    await using known = new GrpcJsClient(address, credentials.createSsl(ca, ...own));
    assert.equal(await answer(known), '42');
  });

  it('puts its route on the answer to OpenSession, and lets sessions stay while it drains', async () => {
    const args = ['--route', 'host-7', '--drain-ms', '60000'];
    await using host = await ServedHost.start({ listen: 'grpc://127.0.0.1:0', args });
    const address = host.url.slice('http://'.length);
    await using client = new GrpcJsClient(address);
    const session = await GrpcSession.open(client);
    assert.deepEqual((await session.lease.headers).get('x-code-mode-route'), ['host-7']);
    const ended = host.end();
    await using late = new GrpcJsClient(address);
    let refused = await late.stream('openSession', {}).ended;
    // Until the signal has arrived.
    while (refused.code === 1) refused = await late.stream('openSession', {}).ended;
    assert.equal(refused.code, 14);
    const outcome = await session.execute(`text('still here')`).outcome();
    assert.deepEqual(shown(outcome), ['completed', 'still here']);
    await session.close();
    assert.equal((await ended).code, 0);
  });

  it('ends with 0 when its input ends in the middle of a cell', async () => {
    const child = start('--listen', 'grpc+stdio://');
    const pipes = new JoinedStreams(child.stdout, child.stdin);
    using raw = new RawGrpc('code-mode-host', { createConnection: () => pipes });
    const lease = raw.open('OpenSession');
    lease.end(framed(Buffer.alloc(0)));
    const [opened] = (await once(lease, 'data')) as [Buffer];
    const { event } = SessionEvent.decode(opened.subarray(5));
    assert.ok(event?.$case === 'opened');
    const execution = raw.open('Execute');
    const { sessionId } = event.value;
    execution.end(executing(sessionId, 'e', 'await new Promise(() => {})'));
    await once(execution, 'data');
    child.stdin.end();
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
  });

  it('ends with 1 and says why when its input is not HTTP/2', async () => {
    const child = start('--listen', 'grpc+stdio://');
    child.stdin.end('{"type":"connection/hello"} is what the other wire begins with');
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    assert.match(said, /^cellhost: \S/);
    assert.equal(code, 1);
  });
});
