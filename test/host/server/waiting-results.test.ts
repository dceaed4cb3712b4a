import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Host } from '../../../host/server/host.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import { settled } from '../../support/gates.ts';
import { hostOf, V1Peer } from '../../support/v1-peer.ts';

const MB = 1_000_000;

/** A client with a session, which answers each call with a text of so many characters. */
async function answering(host: Host, length: number) {
  const [ours, theirs] = memoryTransports();
  const ended = host.serve(theirs);
  const peer = new V1Peer(ours);
  await peer.hello();
  await peer.answer(peer.request('session/open'));
  const result = 'x'.repeat(length);
  const answer = async (calls: number) => {
    for (let n = 0; n < calls; n += 1) {
      const { id } = await peer.nextOf('delegate/request');
      peer.respond(id, { type: 'tool/result', result });
    }
  };
  return { peer, ours, ended, answer };
}

async function textOf(peer: V1Peer, execute: number): Promise<string> {
  const value = (await peer.initial(execute)) as {
    Result: { content_items: [{ text: string }]; error_text: string | null };
  };
  assert.equal(value.Result.error_text, null);
  return value.Result.content_items[0].text;
}

describe('Results that a client sends faster than their program takes them', () => {
  it('are not read until there is room, and then all arrive', async () => {
    const CALLS = 20;
    const { host, sandbox } = hostOf({
      programs: {
        many: (run) => {
          run.start();
          const calls = Array.from({ length: CALLS }, () => run.callTool());
          void Promise.all(calls).then((answers) => {
            run.text(String(answers.filter(({ ok }) => ok).length));
            run.end();
          });
        },
      },
    });
    const { peer, ours, answer } = await answering(host, 8 * MB);
    const execute = peer.execute('many');
    await peer.answer(execute);
    const room = Promise.withResolvers<boolean>();
    sandbox.last.full = room.promise;
    await answer(CALLS);
    let unread = -1;
    while (ours.queuedBytes !== unread) {
      unread = ours.queuedBytes;
      for (let n = 0; n < 10; n += 1) await settled();
    }
    assert.ok(unread > 10 * 8 * MB, `${unread} bytes are unread`);
    sandbox.last.full = null;
    room.resolve(true);
    assert.equal(await textOf(peer, execute), String(CALLS));
    await peer.close();
  });

  it('let the client read and end when their program is terminated', async () => {
    const { host, sandbox } = hostOf({
      programs: {
        many: (run) => {
          run.start();
          for (let n = 0; n < 10; n += 1) void run.callTool();
        },
      },
    });
    const { peer, ended, answer } = await answering(host, 8 * MB);
    await peer.answer(peer.execute('many'));
    const room = Promise.withResolvers<boolean>();
    sandbox.last.full = room.promise;
    await answer(10);
    const terminate = peer.request('session/terminate', { cellId: '1' });
    await settled();
    // As a sandbox does whose process is gone, because it stands still.
    sandbox.last.full = null;
    room.resolve(false);
    await peer.answer(terminate);
    await peer.close();
    assert.equal(await ended, null);
  });

  it('all arrive in a sandbox process: 400 of 1 MB', { timeout: 50_000 }, async () => {
    const CALLS = 400;
    await using sandbox = processSandbox({ spares: 0 });
    const { peer, answer } = await answering(new Host({ sandbox }), MB);
    const execute = peer.execute(
      `const calls = Array.from({ length: ${CALLS} }, () => tools.t({}).then((result) => result.length));
      text((await Promise.all(calls)).reduce((sum, length) => sum + length))`,
    );
    const answered = answer(CALLS);
    assert.equal(await textOf(peer, execute), String(CALLS * MB));
    await answered;
    await peer.close();
  });
});
