import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { spawnHost } from '../../../host/client/spawn-host.ts';
import { CONTRACT_TOOLS, PENDING, start } from '../../contract/session-setup.ts';
import { rejectsWith } from '../../support/events.ts';
import { descendants, untilGone } from '../../support/processes.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';

/** Short, but long enough for a host on a busy machine until it is stopped. */
const MARGIN_MS = 2_000;

describe('A host process that was stopped with SIGSTOP', { timeout: 60_000 }, () => {
  it('fails every request with connection_lost, and is ended with its client', async () => {
    const before = new Set(descendants());
    const client = await spawnHost({ answerWithinMs: MARGIN_MS });
    const pids = descendants().filter((pid) => !before.has(pid));
    const [host] = pids;
    assert.ok(host !== undefined);
    const delegate = new ScriptedDelegate();
    const session = await client.openSession({ delegate, tools: CONTRACT_TOOLS });
    const { cellId } = await start(session, 'await tools.block()');
    await delegate.saw('1 tool-1 started');
    process.kill(host, 'SIGSTOP');
    const calls = [
      session.observe(cellId, { yieldAfterMs: 100 }),
      session.observe(cellId, PENDING),
      session.terminate(cellId),
      session.execute({ source: '' }),
    ];
    const closing = session.close();
    await Promise.all(calls.map((call) => rejectsWith(call, 'connection_lost')));
    await closing;
    await delegate.saw('1 tool-1 cancelled: disconnect');
    assert.match(client.failure?.message ?? '', /did not answer session\/\w+ within \d+ ms/);
    await client.close();
    for (const pid of pids) await untilGone(pid);
  });
});
