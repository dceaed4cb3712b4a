import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AcpSession } from '../../../host/acp/acp-session.ts';
import { HttpMount } from '../../../host/acp/http-mount.ts';
import { OwnRequests } from '../../../host/acp/own-requests.ts';

interface Entry {
  readonly url: string;
  readonly headers: readonly [{ readonly name: string; readonly value: string }];
}

function openSession(): AcpSession {
  return new AcpSession({
    config: { mcpServers: {} },
    version: 1,
    editor: {
      requests: new OwnRequests(() => {}),
      asks: new Set(),
      notify: () => {},
      room: async () => {},
    },
    globals: 'standard',
    openSandbox: () => Promise.reject(new Error('no sandbox here')),
    onMessage: () => {},
    onUnused: () => {},
  });
}

describe('HttpMount', () => {
  it('lets an agent in with the token of the session, as long as it is offered', async () => {
    await using mount = await HttpMount.open('1.2.3');
    await using session = openSession();
    await using other = openSession();
    const offer = mount.offer(session, 'cellhost');
    const { url, headers } = offer.entry as Entry;
    const foreign = mount.offer(other, 'cellhost').entry as Entry;
    const status = async (authorization: string) => {
      const method = 'POST';
      const sent = { authorization, 'content-type': 'application/json' };
      return (await fetch(url, { method, headers: sent, body: '{}' })).status;
    };
    assert.equal(await status('Bearer wrong'), 401);
    assert.equal(await status(foreign.headers[0].value), 401);
    assert.notEqual(await status(headers[0].value), 401);
    offer.withdraw();
    assert.equal(await status(headers[0].value), 401);
    assert.equal((await fetch(new URL('/mcp', url), { method: 'POST' })).status, 401);
  });
});
