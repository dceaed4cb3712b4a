import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import { Host } from '../../../host/server/host.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { FakeSandbox } from '../../support/fake-sandbox.ts';
import { settled } from '../../support/gates.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedHost } from '../../support/scripted-host.ts';
import { TRANSPORT_KINDS } from '../transports/kinds.ts';

const notesOf = (delegate: ScriptedDelegate) => delegate.notifications.map(({ text }) => text);
const closed = (delegate: ScriptedDelegate) =>
  delegate.log.filter((entry) => entry.endsWith(' closed'));

for (const kind of TRANSPORT_KINDS) {
  describe(`A host's messages about a new session, over ${kind.name}`, () => {
    after(() => kind.close());

    /** Two creations at once, neither of them known by a token: what comes for them has to wait. */
    async function setUp() {
      const [here, there] = await kind.connect();
      const host = new ScriptedHost(there);
      const client = await HostClient.connect(here);
      const delegates = [new ScriptedDelegate(), new ScriptedDelegate()];
      const created = delegates.map((delegate) => client.createSession({ delegate }));
      const ids = [(await host.next()).id, (await host.next()).id];
      const end = () => Promise.all([host.close(), client.ended]);
      return { host, created, delegates, ids, end };
    }

    it('arrives once and in order: before the answer, in one piece with it, and after it', async () => {
      const { host, created, delegates, ids, end } = await setUp();
      const [delegate, other] = delegates as [ScriptedDelegate, ScriptedDelegate];
      const calls = [host.notify('new', '1', 'before')];
      host.cellClosed('new', 'early');
      await settled();
      await settled();
      calls.push(host.notify('new', '1', 'just before'));
      host.created(ids[0]!, 'new');
      host.cellClosed('new', 'between');
      calls.push(host.notify('new', '1', 'just after'));
      assert.equal((await created[0]!).id, 'new');
      await host.answerTo(calls[2]!);
      calls.push(host.notify('new', '1', 'after'));
      await host.answerTo(calls[3]!);
      host.cellClosed('new', '1');
      await delegate.saw('1 closed');
      assert.deepEqual(notesOf(delegate), ['before', 'just before', 'just after', 'after']);
      assert.deepEqual(closed(delegate), ['early closed', 'between closed', '1 closed']);
      const started = delegate.log.filter((entry) => !entry.endsWith('finished'));
      assert.deepEqual(started, [
        '1 note before started',
        'early closed',
        '1 note just before started',
        'between closed',
        '1 note just after started',
        '1 note after started',
        '1 closed',
      ]);
      await Promise.all(calls.map((call) => host.answerTo(call)));
      assert.deepEqual(host.answers.map(({ id }) => id).sort(), calls);
      host.created(ids[1]!, 'empty');
      await created[1];
      assert.deepEqual(other.log, []);
      await end();
    });

    it('is served before the answer if its session is certain, and stays in order', async () => {
      const { host, created, delegates, ids, end } = await setUp();
      const [delegate] = delegates as [ScriptedDelegate];
      const { token } = host.asked[0]!.request;
      const early = host.tool('new', '1', 'echo', { token });
      await host.answerTo(early);
      host.cellClosed('new', '1');
      host.created(ids[0]!, 'new');
      host.notify('new', '2', 'more');
      await created[0];
      await delegate.saw('2 note more finished');
      assert.deepEqual(delegate.log, [
        '1 tool-1 started',
        '1 tool-1 finished',
        '1 closed',
        '2 note more started',
        '2 note more finished',
      ]);
      host.created(ids[1]!, 'empty');
      await created[1];
      await end();
    });
  });
}

describe('A thousand sessions that are created at once on one connection', () => {
  for (const tokens of [true, false]) {
    it(`all get their early messages, ${tokens ? 'by their tokens' : 'without tokens'}`, async () => {
      const [here, there] = memoryTransports();
      const host = new ScriptedHost(there);
      const client = await HostClient.connect(here);
      const delegates = Array.from({ length: 1_000 }, () => new ScriptedDelegate());
      const created = delegates.map((delegate) => client.createSession({ delegate }));
      await host.until(() => host.asked.length === 1_000);
      for (const [n, { request }] of host.asked.entries()) {
        host.notify(`s${n}`, '1', `for ${n}`, tokens ? { token: request.token } : {});
        host.cellClosed(`s${n}`, '1');
      }
      await settled();
      for (const [n, { id }] of host.asked.toReversed().entries()) host.created(id, `s${999 - n}`);
      await Promise.all(created);
      await host.until(() => host.answers.length === 1_000);
      for (const [n, delegate] of delegates.entries()) {
        await delegate.saw('1 closed');
        assert.deepEqual(notesOf(delegate), [`for ${n}`]);
      }
      await Promise.all([host.close(), client.ended]);
    });
  }

  it('all run a cell on a real host', async () => {
    const sandbox = new FakeSandbox({
      '': (run) => run.end(),
      tell: (run) => {
        run.start();
        void run.notify('hello').then(() => run.end());
      },
    });
    await using host = new Host({ sandbox });
    const [here, there] = memoryTransports();
    void host.serve(there);
    await using client = await HostClient.connect(here);
    const runs = Array.from({ length: 1_000 }, async () => {
      const delegate = new ScriptedDelegate();
      const session = await client.createSession({ delegate });
      const { first } = await session.execute({ source: 'tell' });
      assert.equal((await first).type, 'completed');
      assert.deepEqual(notesOf(delegate), ['hello']);
      return session.id;
    });
    assert.equal(new Set(await Promise.all(runs)).size, 1_000);
  });
});
