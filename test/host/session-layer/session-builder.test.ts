import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import type { ReconnectingHostClient } from '../../../host/client/reconnecting-host-client.ts';
import {
  createSession,
  type SessionConfig,
  type SessionHost,
} from '../../../host/session-layer/create-session.ts';
import { SessionBuilder } from '../../../host/session-layer/session-builder.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { rejectsWith } from '../../support/events.ts';
import { settled } from '../../support/gates.ts';
import { EVERYTHING } from '../../support/mcp-servers.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedHost } from '../../support/scripted-host.ts';

const sandbox = isolateSandbox();
after(() => sandbox.close());

async function scripted(capabilities?: readonly string[]) {
  const [here, there] = memoryTransports();
  const peer = new ScriptedHost(there, capabilities);
  return { peer, host: await HostClient.connect(here) };
}

describe('createSession', () => {
  const wrong: Record<string, (host: SessionHost) => Partial<SessionConfig>> = {
    'neither host nor sandbox': () => ({}),
    'host and sandbox': (host) => ({ host, sandbox }),
    sessionId: (host) => ({ host, assigned: true, sessionId: 'mine' }),
    sandbox: (host) => ({ host, assigned: true, sandbox }),
    'only a host': () => ({ assigned: true }),
  };
  for (const [what, place] of Object.entries(wrong)) {
    it(`refuses ${what} before anything is sent`, async () => {
      const { peer, host } = await scripted();
      const config = { delegate: new ScriptedDelegate(), ...place(host) };
      const created = createSession(config);
      await rejectsWith(created, 'invalid_argument');
      await assert.rejects(created, new RegExp(what));
      assert.throws(() => new SessionBuilder(config), { code: 'invalid_argument' });
      await settled();
      assert.deepEqual(peer.asked, []);
    });
  }

  it('opens a session under the id it is given, here and on a host', async () => {
    const delegate = new ScriptedDelegate();
    const here = await createSession({ delegate, sandbox, sessionId: 'mine' });
    assert.equal(here.sessionId, 'mine');
    await here.session.close();
    const { peer, host } = await scripted();
    const creating = createSession({ delegate, host, sessionId: 'mine' });
    const { id, request } = await peer.next();
    assert.equal(request.sessionId, 'mine');
    peer.answer(id, { type: 'session/ready', sessionId: 'mine' });
    assert.equal((await creating).sessionId, 'mine');
  });

  it('can be aborted here as on a host', async () => {
    const signal = AbortSignal.abort(new Error('never mind'));
    const delegate = new ScriptedDelegate();
    await assert.rejects(createSession({ delegate, sandbox, signal }), /never mind/);
    const { peer, host } = await scripted();
    await assert.rejects(createSession({ delegate, host, signal }), /never mind/);
    assert.deepEqual(peer.asked, []);
  });

  it('accepts a reconnecting client', () => {
    const toHost = (client: ReconnectingHostClient): SessionHost => client;
    assert.equal(toHost.length, 1);
  });
});

describe('A built session', () => {
  it('accepts each tool and each tool server only once', () => {
    const builder = new SessionBuilder({ sandbox });
    const tool = { name: 'echo', description: '' };
    builder.withTool(tool, () => null).withMcpServer('files', { command: 'x' });
    assert.throws(() => builder.withTool(tool, () => null), { code: 'invalid_argument' });
    assert.throws(() => builder.withMcpServer('files', { command: 'y' }), {
      code: 'invalid_argument',
    });
  });

  it('sends nothing to the host while it is prepared', async () => {
    const { peer, host } = await scripted();
    const heard: string[] = [];
    const prepared = new SessionBuilder({ host, assigned: true }).prepare();
    prepared.subscribe(({ type }) => heard.push(type));
    await settled();
    assert.deepEqual(peer.asked, []);
    const starting = prepared.start();
    const { id } = await peer.next();
    peer.notify('s', '1', 'before the answer');
    peer.cellClosed('s', '1');
    peer.created(id, 's');
    const session = await starting;
    await settled();
    assert.deepEqual(heard, ['notification', 'closed']);
    const update = await session.readUpdate();
    assert.equal(update.type === 'notification' && update.text, 'before the answer');
  });

  it('has the tools of its MCP servers from its creation until it ends', async () => {
    const { peer, host } = await scripted();
    const starting = new SessionBuilder({ host, assigned: true })
      .withMcpServer('everything', { command: EVERYTHING })
      .start();
    const { id, request } = await peer.next();
    const token = request.token;
    const early = peer.tool('s', '1', 'mcp__everything__echo', { token });
    assert.match(
      String(await peer.answerTo(early).then(JSON.stringify)),
      /object for arguments|isError/,
    );
    peer.created(id, 's');
    const session = await starting;
    const closing = session.close();
    const shutdown = await peer.next();
    peer.answer(shutdown.id, { type: 'session/closed', sessionId: 's' });
    await closing;
  });

  it('runs programs on its MCP servers, which stop with it', async () => {
    const reply = await new SessionBuilder({ sandbox })
      .withMcpServer('everything', { command: EVERYTHING })
      .runUntil(async (session) => {
        await session.sendPrompt(
          `text((await tools.mcp__everything__echo({ message: 'hi' })).content[0].text)`,
        );
        return session.readToString();
      });
    assert.match(reply, /hi/);
  });

  it('requests no session if a tool server does not start', async () => {
    const { peer, host } = await scripted();
    const starting = new SessionBuilder({ host, assigned: true })
      .withMcpServer('broken', { command: process.execPath, args: ['-e', 'process.exit(3)'] })
      .start();
    await rejectsWith(starting, 'tool_server_failed');
    assert.deepEqual(peer.asked, []);
  });

  it('stops its tool servers if there is no session', async () => {
    const { peer, host } = await scripted();
    const starting = new SessionBuilder({ host, assigned: true })
      .withMcpServer('everything', { command: EVERYTHING })
      .start();
    peer.fail((await peer.next()).id, 'no');
    await rejectsWith(starting, 'peer_failed');
  });

  it('tells its reader when the host is gone', async () => {
    const { peer, host } = await scripted();
    const starting = new SessionBuilder({ host, assigned: true }).start();
    peer.created((await peer.next()).id, 's');
    const session = await starting;
    const reading = rejectsWith(session.readUpdate(), 'connection_lost');
    peer.destroy();
    await reading;
    await session.close();
  });
});

describe('A prompt of a session on a host of version 1 alone', () => {
  it('is reported by observing it', async () => {
    const { peer, host } = await scripted([]);
    const starting = new SessionBuilder({ host, sessionId: 's' }).start();
    peer.answer((await peer.next()).id, { type: 'session/ready', sessionId: 's' });
    const session = await starting;
    const sending = session.sendPrompt('…');
    const { id } = await peer.next();
    peer.answer(id, { type: 'execution/started', cellId: '1' });
    await sending;
    const show = (text: string) => ({
      cell_id: '1',
      content_items: [{ type: 'input_text', text }],
    });
    const yielded = { status: 'ok', value: { Yielded: show('so far') } };
    peer.send({ type: 'execute/initialResponse', id, result: yielded });
    const wait = await peer.next();
    assert.equal(wait.request.method, 'session/wait');
    const Result = { ...show('the rest'), error_text: 'Error: broken' };
    peer.answer(wait.id, { type: 'wait/completed', outcome: { LiveCell: { Result } } });
    assert.equal(await session.readToString(), 'so far\nthe rest\nScript error:\nError: broken');
  });

  it('fails if the host refuses to be observed', async () => {
    const { peer, host } = await scripted([]);
    const starting = new SessionBuilder({ host, sessionId: 's' }).start();
    peer.answer((await peer.next()).id, { type: 'session/ready', sessionId: 's' });
    const session = await starting;
    const sending = session.sendPrompt('…');
    const { id } = await peer.next();
    peer.answer(id, { type: 'execution/started', cellId: '1' });
    await sending;
    const result = { status: 'error', message: 'it is broken' };
    peer.send({ type: 'execute/initialResponse', id, result });
    await assert.rejects(session.readToString(), /it is broken/);
  });
});
