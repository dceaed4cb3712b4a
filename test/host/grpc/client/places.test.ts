import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { HostClient } from '../../../../host/client/host-client.ts';
import { connect, spawnHost } from '../../../../host/client/spawn-host.ts';
import { brief, rejectsWith } from '../../../support/events.ts';
import { ScriptedDelegate } from '../../../support/scripted-delegate.ts';
import { ServedHost } from '../../../support/served-host.ts';
import { makeTlsFiles } from '../../../support/tls-files.ts';

/** Runs one cell that calls a tool, and closes the client. */
async function answer(client: HostClient): Promise<string> {
  const tools = [{ name: 'echo', description: 'echo' }];
  const session = await client.openSession({ delegate: new ScriptedDelegate(), tools });
  const { first } = await session.execute({ source: 'text(await tools.echo(7))' });
  const event = await first;
  assert.deepEqual(await client.stop(), []);
  return brief(event);
}

describe('A client that speaks gRPC', () => {
  it('reaches a host that listens on TCP, by both names', async () => {
    await using host = await ServedHost.start({ listen: 'grpc://127.0.0.1:0' });
    assert.match(host.url, /^http:/);
    assert.equal(await answer(await connect(host.url)), 'completed: 7');
    const url = host.url.replace('http:', 'grpc:');
    assert.equal(await answer(await connect(url)), 'completed: 7');
  });

  it('reaches a host that listens on a Unix socket', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'cellhost-grpc-'));
    t.after(() => rm(folder, { recursive: true }));
    await using host = await ServedHost.start({ listen: `grpc+unix:${join(folder, 's')}` });
    assert.equal(await answer(await connect(host.url)), 'completed: 7');
  });

  it('reaches a host behind TLS, with an authority and a certificate of its own', async () => {
    using files = makeTlsFiles();
    const flags = ['--tls-cert', files.serverCert, '--tls-key', files.serverKey];
    const args = [...flags, '--tls-client-ca', files.ca];
    await using host = await ServedHost.start({ listen: 'grpc://127.0.0.1:0', args });
    assert.match(host.url, /^https:/);
    const ca = readFileSync(files.ca);
    await rejectsWith(connect(host.url), 'connection_lost');
    await rejectsWith(connect(host.url, { tls: { ca } }), 'connection_lost');
    const cert = readFileSync(files.clientCert);
    const key = readFileSync(files.clientKey);
    const client = await connect(host.url, { tls: { ca, cert, key } });
    assert.equal(await answer(client), 'completed: 7');
    await rejectsWith(connect(host.url.replace('https:', 'http:')), 'connection_lost');
  });

  it('starts a host and speaks over its standard streams', async () => {
    const client = await spawnHost({ wire: 'grpc' });
    assert.equal(await answer(client), 'completed: 7');
  });

  it('learns from a program that is no host what it said', async () => {
    const script = 'console.error("no such flag"); process.exit(3)';
    const command = [process.execPath, '-e', script] as const;
    await assert.rejects(spawnHost({ command, wire: 'grpc' }), /no such flag/);
  });
});
