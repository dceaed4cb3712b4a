import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostClient, type OpenRemoteSessionOptions } from '../../../host/client/host-client.ts';
import { createSession, type SessionConfig } from '../../../host/session-layer/create-session.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { FakeSandbox } from '../../support/fake-sandbox.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedHost } from '../../support/scripted-host.ts';

const TOOL = { name: 't', description: '' };

/** Invalid options of a session, and what the error must name. */
const OPTIONS: readonly (readonly [string, object, RegExp])[] = [
  ['the delegate is missing', { delegate: undefined }, /delegate/],
  ['the delegate has no methods', { delegate: {} }, /delegate/],
  ['a tool has no description', { tools: [TOOL, { name: 'u' }] }, /tools\[1\]\.description/],
  ['the tools are an object', { tools: {} }, /tools must be an array/],
  ['toolErrors has no such value', { toolErrors: 'none' }, /toolErrors/],
  ['globals has no such value', { globals: 'all' }, /globals/],
  ['console is not a boolean', { console: 'yes' }, /console/],
  ['a limit does not exist', { limits: { maxNothing: 1 } }, /maxNothing/],
  ['a limit is not a number', { limits: { maxLiveCells: Number.NaN } }, /maxLiveCells/],
];

const REMOTE_ONLY: readonly (readonly [string, object, RegExp])[] = [
  ['the signal is not a signal', { signal: {} }, /signal/],
  ['the id is blank', { sessionId: ' ' }, /sessionId/],
  ['the id is a number', { sessionId: 5 }, /sessionId/],
  ['the id is too long', { sessionId: 'x'.repeat(1_025) }, /sessionId/],
];

async function connected() {
  const [here, there] = memoryTransports();
  const host = new ScriptedHost(there);
  return { host, client: await HostClient.connect(here) };
}

describe('The options of a session', () => {
  for (const [what, fields, message] of OPTIONS) {
    it(`are refused in this process when ${what}`, async () => {
      const sandbox = new FakeSandbox({});
      const options: SessionConfig = { delegate: new ScriptedDelegate(), sandbox, ...fields };
      const refused = createSession(options);
      await assert.rejects(refused, { code: 'invalid_argument', message });
    });
  }

  for (const [what, fields, message] of [...OPTIONS, ...REMOTE_ONLY]) {
    it(`are refused before anything is sent to a host when ${what}`, async () => {
      const { client, host } = await connected();
      const options = { delegate: new ScriptedDelegate(), ...fields } as OpenRemoteSessionOptions;
      await assert.rejects(client.openSession(options), { code: 'invalid_argument', message });
      assert.deepEqual(host.asked, []);
      await client.close();
    });
  }

  it('are refused when they are missing', async () => {
    const { client, host } = await connected();
    const nothing = undefined as unknown as OpenRemoteSessionOptions;
    await assert.rejects(client.openSession(nothing), { code: 'invalid_argument' });
    await assert.rejects(client.createSession(nothing as object as never), {
      code: 'invalid_argument',
    });
    assert.deepEqual(host.asked, []);
    await client.close();
  });

  it('fail the one request that cannot be written as JSON', async () => {
    const { client, host } = await connected();
    const opening = client.openSession({ delegate: new ScriptedDelegate(), sessionId: 's' });
    const { id } = await host.next();
    host.answer(id, { type: 'session/ready', sessionId: 's' });
    const session = await opening;
    const tools = [{ ...TOOL, inputSchema: { size: 5n } }];
    const refused = session.execute({ source: '', tools });
    await assert.rejects(refused, { code: 'invalid_argument', message: /BigInt/ });
    assert.equal(client.failure, null);
    host.destroy();
    await client.ended;
  });
});
