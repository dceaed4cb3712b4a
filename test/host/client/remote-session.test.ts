import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import { Host } from '../../../host/server/host.ts';
import { dial } from '../../../host/transports/dial.ts';
import { type Listener, listen } from '../../../host/transports/listen.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { parseListenEndpoint } from '../../../host/wire/endpoint.ts';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { sessionContract } from '../../contract/session-contract.ts';
import { brief } from '../../support/events.ts';
import { settled } from '../../support/gates.ts';
import { remoteSessionOver } from '../../support/remote-session-over.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedHost } from '../../support/scripted-host.ts';

const sandbox = isolateSandbox();
const host = new Host({ sandbox });
const folder = await mkdtemp(join(tmpdir(), 'cellhost-session-'));
const listeners: Listener[] = [];

after(async () => {
  await Promise.all([host.close(), ...listeners.map((listener) => listener.close())]);
  await sandbox.close();
  await rm(folder, { recursive: true });
});

describe('RemoteSession', () => {
  it('sends nothing for a request whose signal has already aborted', async () => {
    const [here, there] = memoryTransports();
    const peer = new ScriptedHost(there);
    const client = await HostClient.connect(here);
    const opening = client.openSession({ delegate: new ScriptedDelegate(), sessionId: 's' });
    peer.answer((await peer.next()).id, { type: 'session/ready', sessionId: 's' });
    const session = await opening;
    const signal = AbortSignal.abort(new Error('too late'));
    await assert.rejects(session.execute({ source: '' }, { signal }), /too late/);
    await settled();
    assert.equal(peer.asked.length, 1);
    peer.destroy();
  });

  it('has the globals and the console that it was opened with', async () => {
    const [here, there] = memoryTransports();
    void host.serve(there);
    await using client = await HostClient.connect(here);
    const delegate = new ScriptedDelegate();
    const web = await client.openSession({ delegate, globals: 'web', console: true });
    const plain = await client.openSession({ delegate });
    const source = `text([typeof URL, typeof console])`;
    assert.equal(brief(await web.run(source)), 'completed: ["function","object"]');
    assert.equal(brief(await plain.run(source)), 'completed: ["undefined","undefined"]');
  });

  it('is not opened with tools whose names clash', async () => {
    const [here, there] = memoryTransports();
    const peer = new ScriptedHost(there);
    const client = await HostClient.connect(here);
    const tools = ['a', 'b', 'a'].map((name) => ({ name, description: '' }));
    const opening = client.openSession({ delegate: new ScriptedDelegate(), tools });
    const message = 'Cannot open a session: two tools are named a; rename one';
    await assert.rejects(opening, { code: 'invalid_argument', message });
    assert.equal(peer.asked.length, 0);
    peer.destroy();
  });
});

sessionContract(
  'RemoteSession in memory',
  remoteSessionOver(async () => {
    const [here, there] = memoryTransports();
    void host.serve(there);
    return here;
  }),
);

for (const endpoint of [`unix:${join(folder, 'host.sock')}`, 'tcp:127.0.0.1:0', 'ws:127.0.0.1:0']) {
  const listener = await listen(parseListenEndpoint(endpoint), {
    onConnection: (transport) => void host.serve(transport),
  });
  listeners.push(listener);
  sessionContract(
    `RemoteSession over ${endpoint.split(':')[0]}`,
    remoteSessionOver(() => dial(listener.url, { signal: new AbortController().signal })),
  );
}
