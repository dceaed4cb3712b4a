import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReconnectingHostClient } from '../../../host/client/reconnecting-host-client.ts';
import { spawnHost } from '../../../host/client/spawn-host.ts';
import { CONTRACT_TOOLS, LONG } from '../../contract/session-setup.ts';
import { brief, rejectsWith } from '../../support/events.ts';
import { descendants, untilGone } from '../../support/processes.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';

/** What `start` has started of processes that are ours alone. */
async function startedBy<T>(start: () => Promise<T>): Promise<[T, readonly number[]]> {
  const before = new Set(descendants());
  const made = await start();
  return [made, descendants().filter((pid) => !before.has(pid))];
}

describe('A reconnecting client of a host process', () => {
  it('continues with another process if the host is killed during a tool call', async () => {
    await using client = new ReconnectingHostClient((request) => spawnHost(request));
    const delegate = new ScriptedDelegate();
    const open = () => client.openSession({ delegate, tools: CONTRACT_TOOLS });
    const [session, pids] = await startedBy(open);
    const { first } = await session.execute({ source: 'await tools.block()', observe: LONG });
    await delegate.saw('1 tool-1 started');
    const [host] = pids;
    assert.ok(host !== undefined);
    process.kill(host, 'SIGKILL');
    await rejectsWith(first, 'connection_lost');
    await rejectsWith(session.values(), 'state_lost');
    assert.ok(delegate.log.includes('1 tool-1 cancelled: disconnect'));

    const next = await open();
    assert.deepEqual([session.generation, next.generation], [1, 2]);
    const again = await next.execute({ source: `text('on')`, observe: LONG });
    assert.deepEqual([again.cellId, brief(await again.first)], ['1', 'completed: on']);
    for (const pid of pids) await untilGone(pid);
  });
});

describe('Aborting the start of a host process that does not answer', () => {
  it('ends it', async () => {
    const giveUp = new AbortController();
    const command = [process.execPath, '-e', 'setInterval(() => {}, 1000)'] as const;
    const [spawning, pids] = await startedBy(async () => {
      const starting = spawnHost({ command: [...command], signal: giveUp.signal });
      starting.catch(() => {});
      return { starting };
    });
    assert.equal(pids.length, 1);
    const reason = new Error('no more time');
    giveUp.abort(reason);
    await assert.rejects(spawning.starting, (error) => error === reason);
    for (const pid of pids) await untilGone(pid);
  });

  it('before it was started starts nothing', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    const [, pids] = await startedBy(() => assert.rejects(spawnHost({ signal }), /too late/));
    assert.deepEqual(pids, []);
  });
});
