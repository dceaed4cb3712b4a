import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import type { SessionOpener } from '../../../host/core/session-opening.ts';
import { Host } from '../../../host/server/host.ts';
import type { ActiveSession } from '../../../host/session-layer/active-session.ts';
import { SessionBuilder } from '../../../host/session-layer/session-builder.ts';
import type { SessionUpdate } from '../../../host/session-layer/session-updates.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { rejectsWith, textOf } from '../../support/events.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedHost } from '../../support/scripted-host.ts';

const sandbox = isolateSandbox();
after(() => sandbox.close());

const INJECTED = { name: 'injected', description: 'the proxy does it' };
const OWN = [{ name: 'own', description: 'the client does it' }];

/** A client of a host. */
async function clientOf(host: Host): Promise<HostClient> {
  const [here, there] = memoryTransports();
  void host.serve(there);
  return HostClient.connect(here);
}

/** A client, a proxy that adds a tool, and a host. */
async function chain() {
  const host = new Host({ sandbox });
  const behind = await clientOf(host);
  const proxy = new Host({
    open: ({ delegate, options, signal }) =>
      new SessionBuilder({ ...options, host: behind, assigned: true, signal })
        .withTool(INJECTED, ({ input }) => `${input} by the proxy`)
        .startProxy(delegate),
  });
  const client = await clientOf(proxy);
  const close = async () => {
    await client.close();
    await proxy.close();
    await behind.close();
    await host.close();
  };
  return { host, behind, proxy, client, [Symbol.asyncDispose]: close };
}

/** A proxy whose sessions are opened so, and its client. */
async function proxyOf(open: SessionOpener) {
  const proxy = new Host({ open });
  return { proxy, client: await clientOf(proxy) };
}

/** Resolves when updates of all these kinds have come, read or not. */
function comes(session: ActiveSession, ...types: readonly SessionUpdate['type'][]): Promise<void> {
  const missing = new Set(types);
  return new Promise((resolve) => {
    session.subscribe(({ type }) => {
      if (missing.delete(type) && missing.size === 0) resolve();
    });
  });
}

describe('A proxy between a client and a host', () => {
  it('runs its own tools, and lets the client run the others', async () => {
    await using all = await chain();
    const delegate = new ScriptedDelegate();
    delegate.onTool = ({ input }) => `${input} by the client`;
    const session = await all.client.openSession({ delegate });
    const source = `
      text(await tools.injected('this'));
      text(await tools.own('that'));
      text(ALL_TOOLS.map(({ name }) => name).join());
      await notify('done')`;
    const event = await (await session.execute({ source, tools: OWN })).first;
    const texts = ['this by the proxy', 'that by the client', 'injected,own'];
    assert.deepEqual(event.items.map(textOf), texts);
    await delegate.saw('1 closed');
    assert.deepEqual(
      delegate.logOf('1'),
      [
        'tool-1 started',
        'tool-1 finished',
        'note done started',
        'note done finished',
        'closed',
      ].map((entry) => entry.replace('tool-1', 'tool-2')),
    );
    await session.close();
    assert.equal(all.host.counts.sessions, 0);
  });

  it('ends its sessions when the client leaves', async () => {
    await using all = await chain();
    await all.client.openSession({ delegate: new ScriptedDelegate() });
    assert.equal(all.host.counts.sessions, 1);
    await all.client.close();
    await all.proxy.close();
    assert.equal(all.host.counts.sessions, 0);
  });

  it('fails requests once the host behind it is gone, and closes the cells', async () => {
    await using all = await chain();
    const delegate = new ScriptedDelegate();
    const session = await all.client.openSession({
      delegate,
      tools: [{ name: 'block', description: '' }],
    });
    const { first } = await session.execute({ source: 'await tools.block()' });
    await delegate.saw('1 tool-1 started');
    await all.behind.stop();
    await rejectsWith(session.execute({ source: '' }), 'session_closed');
    await first.catch(() => {});
    await delegate.saw('1 closed');
  });

  it('tells the client where the session can be watched', async () => {
    const [here, there] = memoryTransports();
    const scripted = new ScriptedHost(there);
    const behind = await HostClient.connect(here);
    const { proxy, client } = await proxyOf(({ delegate }) =>
      new SessionBuilder({ host: behind, assigned: true }).startProxy(delegate),
    );
    const created = client.createSession({ delegate: new ScriptedDelegate() });
    const { id } = await scripted.next();
    scripted.created(id, 'far-away', { remoteUrl: 'https://example.com/far-away' });
    const session = await created;
    assert.equal(session.remoteUrl, 'https://example.com/far-away');
    assert.notEqual(session.id, 'far-away');
    scripted.destroy();
    await client.close();
    await proxy.close();
  });

  for (const how of ['openSession', 'createSession'] as const) {
    it(`tells the client of ${how} why there is no session, and forgets it`, async () => {
      const { proxy, client } = await proxyOf(() => {
        throw new Error('not today');
      });
      const opening = client[how]({ delegate: new ScriptedDelegate() });
      await assert.rejects(opening, /not today/);
      assert.equal(proxy.counts.sessions, 0);
      await client.close();
      await proxy.close();
    });
  }

  it('aborts opening a session when the client leaves', async () => {
    const wish = Promise.withResolvers<AbortSignal>();
    const { proxy, client } = await proxyOf(({ signal }) => {
      wish.resolve(signal);
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error('late'))),
      );
    });
    const opening = client.openSession({ delegate: new ScriptedDelegate() });
    opening.catch(() => {});
    const wanted = await wish.promise;
    await client.close();
    await rejectsWith(opening, 'connection_lost');
    await proxy.close();
    assert.equal(wanted.aborted, true);
  });

  it('requires exactly one place where sessions run', () => {
    assert.throws(() => new Host({}), /one of sandbox and open/);
    const open = () => Promise.reject(new Error('never'));
    assert.throws(() => new Host({ sandbox, open }), /one of sandbox and open/);
  });
});

describe('Handing an active session over', () => {
  const builder = () => new SessionBuilder({ sandbox });

  it('gives the proxy what the start callback did not read, and everything after it', async () => {
    const told: string[] = [];
    const delegate = new ScriptedDelegate();
    const session = await builder()
      .onSessionStart(async (started) => {
        const over = comes(started, 'end', 'closed');
        await started.sendPrompt(`notify('first'); notify('second'); text('third')`);
        const update = await started.readUpdate();
        assert.equal(update.type === 'notification' && update.text, 'first');
        await over;
      })
      .startProxy({
        invokeTool: (call, signal) => delegate.invokeTool(call, signal),
        notify: (note, signal) => delegate.notify(note, signal),
        cellClosed: (cellId) => delegate.cellClosed(cellId),
        update: (update) => told.push(update.type),
      });
    assert.deepEqual(delegate.log.slice(0, 1), ['1 note second started']);
    assert.deepEqual(told.toSorted(), ['end', 'output']);
    const { first } = await session.execute({ source: `text(await tools.own('x'))`, tools: OWN });
    assert.deepEqual((await first).items.map(textOf), ['x']);
    await session.close();
  });

  it('ends all reading, and is possible only once', async () => {
    await using session = await builder().start();
    const reading = session.readUpdate();
    const delegate = new ScriptedDelegate();
    const heard: string[] = [];
    session.subscribe(({ type }) => heard.push(type));
    const handed = rejectsWith(reading, 'handed_over');
    session.proxyRemainingMessages(delegate);
    await handed;
    await rejectsWith(session.readUpdate(), 'handed_over');
    await rejectsWith(session.readToString(), 'handed_over');
    assert.throws(() => session.proxyRemainingMessages(delegate), { code: 'handed_over' });
    await (await session.execute({ source: `notify('for the proxy')` })).first;
    await delegate.saw('1 closed');
    assert.deepEqual(heard, []);
  });

  it('lets cancelled callbacks finish', async () => {
    const delegate = new ScriptedDelegate();
    const session = await builder().startProxy(delegate);
    const source = 'await tools.block()';
    const tools = [{ name: 'block', description: '' }];
    const { cellId } = await session.execute({ source, tools });
    await delegate.saw('1 tool-1 started');
    await session.terminate(cellId);
    await session.close();
    await delegate.saw('1 closed');
    assert.deepEqual(delegate.logOf('1'), [
      'tool-1 started',
      'tool-1 cancelled: terminate',
      'tool-1 finished',
      'closed',
    ]);
  });
});
