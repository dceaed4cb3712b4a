import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { rejectsWith } from '../../support/events.ts';
import { settled } from '../../support/gates.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedHost } from '../../support/scripted-host.ts';
import { hostOf } from '../../support/v1-peer.ts';

const delegate = new ScriptedDelegate();

describe('A session whose caller aborted while it was opening', () => {
  it('is shut down at the host, even if its id is requested again at once', async () => {
    const { host } = hostOf();
    const [here, there] = memoryTransports();
    void host.serve(there);
    const client = await HostClient.connect(here);
    const giveUp = new AbortController();
    const opening = client.openSession({ delegate, sessionId: 's', signal: giveUp.signal });
    giveUp.abort(new Error('no more time'));
    const again = client.openSession({ delegate, sessionId: 's' });
    await assert.rejects(opening, /no more time/);
    await rejectsWith(again, 'invalid_argument');
    // The answer to the first, and to its shutdown.
    const other = await client.openSession({ delegate });
    await other.values();
    assert.equal(host.counts.sessions, 1);
    await rejectsWith(client.openSession({ delegate, sessionId: 's' }), 'invalid_argument');
    assert.deepEqual(await client.stop(), []);
  });

  it('is reported as a leak if the host does not shut it down', async () => {
    const [here, there] = memoryTransports();
    const host = new ScriptedHost(there);
    const client = await HostClient.connect(here);
    const giveUp = new AbortController();
    const opening = client.openSession({ delegate, sessionId: 's', signal: giveUp.signal });
    giveUp.abort(new Error('no more time'));
    await assert.rejects(opening, /no more time/);
    const again = client.openSession({ delegate, sessionId: 's' });
    await rejectsWith(again, 'invalid_argument');
    host.answer((await host.next()).id, { type: 'session/ready', sessionId: 's' });
    const shutdown = await host.next();
    assert.equal(shutdown.request.method, 'session/shutdown');
    host.fail(shutdown.id, 'it is busy');
    await settled();
    await settled();
    const leaks = await client.stop();
    assert.deepEqual(
      leaks.map(({ message }) => message),
      ['Cannot end session s at the host: it is busy'],
    );
  });
});
