import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LazyBackend } from '../../../host/mcp-server/lazy-backend.ts';
import { SessionTable } from '../../../host/mcp-server/session-table.ts';
import { FakeSandbox } from '../../support/fake-sandbox.ts';

const MINUTE = 60_000;
const never = new AbortController().signal;

function table(): SessionTable {
  const backend = new LazyBackend({
    config: { mcpServers: {} },
    openSandbox: async () => new FakeSandbox(),
    onMessage: () => {},
  });
  return new SessionTable(backend);
}

describe('SessionTable', () => {
  it('keeps a session for 30 minutes from its last use, and says later that it ended', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const sessions = table();
    const first = sessions.use('a');
    t.mock.timers.tick(29 * MINUTE);
    assert.equal(sessions.use('a'), first);
    t.mock.timers.tick(29 * MINUTE);
    assert.equal(sessions.use('a'), first);
    t.mock.timers.tick(30 * MINUTE);
    const second = sessions.use('a');
    assert.notEqual(second, first);
    assert.deepEqual((await second.open('wait', never)).remarks, [
      'The session ended after 30 minutes without a call, and its programs with it',
    ]);
    assert.deepEqual((await sessions.use('b').open('wait', never)).remarks, []);
    await assert.rejects(first.open('wait', never), /the session is closed/);
    await sessions.close();
  });

  it('does not end a session while a call runs', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const sessions = table();
    const session = sessions.use('a');
    const request = session.requests.begin(1);
    t.mock.timers.tick(31 * MINUTE);
    assert.equal(sessions.use('a'), session);
    request[Symbol.dispose]();
    t.mock.timers.tick(31 * MINUTE);
    assert.notEqual(sessions.use('a'), session);
  });

  it('has room for 1,024 sessions', async () => {
    await using sessions = table();
    for (let at = 0; at < 1024; at += 1) sessions.use(`key-${at}`);
    assert.equal(sessions.hasRoomFor('key-0'), true);
    assert.equal(sessions.hasRoomFor('another'), false);
  });
});
