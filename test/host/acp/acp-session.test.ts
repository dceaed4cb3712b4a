import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AcpSession } from '../../../host/acp/acp-session.ts';
import { OwnRequests } from '../../../host/acp/own-requests.ts';

const CLIENT = { toolsChanged: () => {}, serversChanged: () => {} };

function setup() {
  let unused = 0;
  const session = new AcpSession({
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
    onUnused: () => {
      unused += 1;
    },
  });
  session.named('s');
  return { session, unused: () => unused };
}

describe('AcpSession', () => {
  it('warns once when its server is not started for 30 s of a prompt', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { session, unused } = setup();
    session.openTurn('1');
    t.mock.timers.tick(29_999);
    session.closeTurn('1');
    t.mock.timers.tick(60_000);
    assert.equal(unused(), 0);
    session.openTurn('2');
    t.mock.timers.tick(30_000);
    assert.equal(unused(), 1);
    session.closeTurn('2');
    session.openTurn('3');
    t.mock.timers.tick(30_000);
    assert.equal(unused(), 1);
  });

  it('does not warn when the server was started', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { session, unused } = setup();
    session.openTurn('1');
    session.connected(CLIENT);
    t.mock.timers.tick(60_000);
    assert.equal(unused(), 0);
  });

  it('is in a turn until the last of several prompts is over', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { session, unused } = setup();
    session.openTurn('1');
    session.openTurn('2');
    session.closeTurn('1');
    session.closeTurn('1');
    t.mock.timers.tick(30_000);
    assert.equal(unused(), 1);
  });
});
