import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import type { ToolCall } from '../../../src/delegate.ts';
import { CONTRACT_TOOLS } from '../../contract/session-setup.ts';
import { never, settled } from '../../support/gates.ts';
import { countKept } from '../../support/leaks.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedHost } from '../../support/scripted-host.ts';
import { hostOf } from '../../support/v1-peer.ts';

const NOTHING = { unanswered: 0, running: 0 };
const CALLS = 3;

/** A session `s` with a cell `1` that has called a stubborn tool three times. */
async function setUp(capabilities?: readonly string[]) {
  const [here, there] = memoryTransports();
  const host = new ScriptedHost(there, capabilities);
  const client = await HostClient.connect(here);
  const delegate = new ScriptedDelegate();
  const opening = client.openSession({ delegate, sessionId: 's', toolErrors: 'string' });
  host.answer((await host.next()).id, { type: 'session/ready', sessionId: 's' });
  const session = await opening;
  const executing = session.execute({ source: '' });
  host.started((await host.next()).id, '1');
  await executing;
  const calls = Array.from({ length: CALLS }, () => host.tool('s', '1', 'stubborn'));
  while (delegate.calls.length < CALLS) await settled();
  const cancel = (reason?: string) => {
    const why = reason === undefined ? {} : { reason };
    for (const id of calls) host.send({ type: 'delegate/cancel', id, ...why });
  };
  return { host, client, session, delegate, calls, cancel };
}

describe('Calls that do not stop when they are cancelled', () => {
  it('are answered if the cell is closed before they are cancelled, on any host', async () => {
    for (const capabilities of [undefined, []]) {
      const { host, client, delegate, calls } = await setUp(capabilities);
      host.cellClosed('s', '1');
      for (const call of calls) assert.match(String(await host.answerTo(call)), /cancelled/);
      assert.deepEqual(client.counts, NOTHING);
      assert.ok(delegate.log.includes('1 tool-1 cancelled: completion'));
    }
  });

  it('are abandoned when the cell is closed, and answered once', async () => {
    const { host, client, delegate, calls, cancel } = await setUp();
    cancel('terminate');
    await delegate.saw('1 tool-1 cancelled: terminate');
    await settled();
    const kept = { unanswered: CALLS, running: CALLS };
    assert.deepEqual(client.counts, kept, 'the host still waits for them');
    host.cellClosed('s', '1');
    for (const call of calls) assert.match(String(await host.answerTo(call)), /cancelled/);
    assert.deepEqual(client.counts, NOTHING);
    delegate.tools.releaseAll('late');
    await settled();
    await settled();
    assert.equal(host.answers.length, CALLS);
  });

  it('can still answer before the cell is closed', async () => {
    const { host, client, delegate, calls, cancel } = await setUp();
    cancel('terminate');
    await delegate.saw('1 tool-1 cancelled: terminate');
    delegate.tools.releaseAll('in time');
    for (const call of calls) {
      assert.deepEqual(await host.answerTo(call), { type: 'tool/result', result: 'in time' });
    }
    assert.deepEqual(client.counts, NOTHING);
  });

  it('are abandoned at once if the host only speaks version 1', async () => {
    const { host, client, delegate, cancel } = await setUp([]);
    cancel();
    await delegate.saw('1 tool-1 cancelled: completion');
    await settled();
    assert.deepEqual(client.counts, NOTHING);
    delegate.tools.releaseAll('late');
    await settled();
    assert.deepEqual(host.answers, []);
  });

  it('are abandoned when the session is closed, and when the connection is lost', async () => {
    for (const how of ['closed', 'lost']) {
      const { host, client, session, delegate } = await setUp();
      if (how === 'lost') host.destroy();
      else {
        const closing = session.close();
        host.answer((await host.next()).id, { type: 'session/closed', sessionId: 's' });
        await closing;
      }
      const reason = how === 'lost' ? 'disconnect' : 'shutdown';
      await delegate.saw(`1 tool-1 cancelled: ${reason}`);
      assert.deepEqual(client.counts, NOTHING, how);
      assert.equal(session.running, 0);
    }
  });

  it('leave nothing in the memory of the connection, on a real host', async () => {
    const sessions = 20;
    const { host } = hostOf({
      programs: {
        many: (run) => {
          run.start();
          for (let n = 0; n < 50; n += 1) void run.callTool(0, n);
        },
      },
    });
    const [here, there] = memoryTransports();
    void host.serve(there);
    const client = await HostClient.connect(here);
    const refs: WeakRef<object>[] = [];
    const invokeTool = (call: ToolCall, signal: AbortSignal) => {
      refs.push(new WeakRef(call), new WeakRef(signal));
      return never();
    };
    const delegate = { invokeTool, notify: async () => {} };
    for (let n = 0; n < sessions; n += 1) {
      const session = await client.openSession({ delegate, tools: CONTRACT_TOOLS });
      const { cellId } = await session.execute({ source: 'many', observe: { yieldAfterMs: 0 } });
      while (refs.length < (n + 1) * 100) await settled();
      if (n % 2 === 0) await session.terminate(cellId);
      else await session.close();
    }
    assert.deepEqual(client.counts, NOTHING);
    assert.equal(await countKept(refs), 0);
    await client.close();
  });
});
