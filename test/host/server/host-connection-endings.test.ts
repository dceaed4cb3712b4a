import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSettled, settled } from '../../support/gates.ts';
import { connect, connectWithSession, hostOf } from '../../support/v1-peer.ts';

const OPEN = {
  type: 'operation/request',
  id: 1,
  request: { method: 'session/open', sessionId: 's' },
};
const BEFORE_HELLO: readonly (readonly [string, string | Buffer, RegExp])[] = [
  ['something that is no JSON', '{', /it is not JSON/],
  ['no object', '[]', /it is not an object/],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), /it is not UTF-8/],
  ['an invalid hello', '{"type":"connection/hello"}', /Cannot read a hello/],
];
const AFTER_HELLO: readonly (readonly [string, string | Buffer, RegExp])[] = [
  ...BEFORE_HELLO.slice(0, 1),
  ['null', 'null', /Cannot read a message/],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), /it is not UTF-8/],
  [
    'a second hello',
    '{"type":"connection/hello","supportedVersions":[1],"requiredCapabilities":[],"optionalCapabilities":[]}',
    /received a second code-mode client hello/,
  ],
  ['a type it does not know', '{"type":"other","id":1}', /type: /],
  ['a field of a wrong type', '{"type":"operation/cancel","id":"1"}', /: id: /],
  ['a field it does not know', '{"type":"operation/cancel","id":1,"x":1}', /"x"/],
];

describe('A connection of a host', () => {
  for (const [what, message, text] of BEFORE_HELLO) {
    it(`ends if the first message is ${what}`, async () => {
      const { peer, ended } = connect(hostOf().host);
      peer.sendText(message);
      assert.match((await ended)?.message ?? '', text);
      await peer.closed;
      assert.deepEqual(peer.received, []);
    });
  }

  for (const [what, message, text] of AFTER_HELLO) {
    it(`ends after ${what}, and its sessions with it`, async () => {
      const { host, sandbox } = hostOf();
      const { peer, ended } = await connectWithSession(host);
      await peer.answer(peer.execute('hang'));
      peer.sendText(message);
      assert.match((await ended)?.message ?? '', text);
      await peer.closed;
      assert.equal(sandbox.last.killed, true);
      assert.deepEqual(host.counts, { connections: 0, sessions: 0 });
    });
  }

  it('rejects a request as the first message, and ends cleanly', async () => {
    const { peer, ended } = connect(hostOf().host);
    peer.send(OPEN);
    peer.send({ ...OPEN, id: 2 });
    assert.equal(await ended, null);
    await peer.closed;
    const reason = { type: 'invalidHello', message: 'first message must be connection/hello' };
    assert.deepEqual(peer.received, [{ type: 'connection/rejected', reason }]);
  });

  it('answers with the capabilities that it has', async () => {
    const { peer } = connect(hostOf().host);
    const ready = await peer.hello('yield-observation', 'other', 'bounded-output-v1');
    assert.deepEqual(ready.capabilities, ['bounded-output-v1', 'yield-observation']);
  });

  it('ends cleanly if the client leaves before its first message', async () => {
    const { peer, ended } = connect(hostOf().host);
    await peer.close();
    assert.equal(await ended, null);
  });

  it('refuses the id of a pending request', async () => {
    const { peer, ended } = await connectWithSession(hostOf().host);
    await peer.answer(peer.execute('hang'));
    peer.send({ ...OPEN, id: 2 });
    assert.equal((await ended)?.message, 'duplicate code-mode request ID 2');
  });

  it('refuses the id of an answered request', async () => {
    const { peer, ended } = await connectWithSession(hostOf().host);
    peer.send(OPEN);
    assert.equal((await ended)?.message, 'duplicate code-mode request ID 1');
  });

  it('allows a client to stay silent for a limited time', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { host } = hostOf({ limits: { helloMs: 500 } });
    const silent = connect(host);
    const greeted = connect(host);
    await greeted.peer.hello();
    t.mock.timers.tick(499);
    await settled();
    assert.equal(host.counts.connections, 2);
    t.mock.timers.tick(1);
    assert.equal((await silent.ended)?.message, 'No hello came within 500 ms (helloMs)');
    assert.equal(host.counts.connections, 1);
  });

  it('cancels what is running when its client leaves', async () => {
    const { host, sandbox } = hostOf();
    const { peer, ended } = await connectWithSession(host);
    peer.execute('tool');
    peer.execute('notify');
    await peer.nextOf('delegate/request');
    await peer.nextOf('delegate/request');
    peer.wait('1');
    await peer.close();
    assert.equal(await ended, null);
    assert.ok(sandbox.runs.slice(1).every((run) => run.killed));
    assert.deepEqual(host.counts, { connections: 0, sessions: 0 });
  });

  it('opens no session if it ends in the same turn', async () => {
    const { host } = hostOf();
    const { peer, ended } = connect(host);
    await peer.hello();
    peer.send(OPEN);
    peer.sendText('{');
    assert.match((await ended)?.message ?? '', /it is not JSON/);
    await settled();
    assert.deepEqual(host.counts, { connections: 0, sessions: 0 });
  });

  it('answers its requests when the host closes, and then sends nothing more', async () => {
    const { host } = hostOf();
    const { peer, ended } = await connectWithSession(host);
    const execute = peer.execute('tool', { yield_time_ms: 60_000 });
    await peer.nextOf('delegate/request');
    const wait = peer.request('session/values');
    await peer.answer(wait);
    const closing = host.close();
    const late = peer.execute('hi');
    assert.match(JSON.stringify(await peer.initial(execute)), /Terminated/);
    await peer.nextOf('cell/closed');
    await closing;
    assert.equal(await ended, null);
    const said = peer.received.find(({ id }) => id === late);
    if (said !== undefined) assert.match(JSON.stringify(said), /code-mode host is shutting down/);
    assert.deepEqual(host.counts, { connections: 0, sessions: 0 });
    assert.match((await connect(host).ended)?.message ?? '', /./);
    assert.equal(host.close(), closing);
  });

  it('answers requests that arrive while the host closes, before it ends', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { host } = hostOf();
    const { peer, ended } = await connectWithSession(host, 'cellhost.cells', 'cellhost.sessions');
    const execute = peer.execute('tool');
    await peer.nextOf('delegate/request');
    const closing = host.close();
    const late = [
      peer.request('session/open', { sessionId: 'other' }),
      peer.request('session/create', { sessionId: undefined }),
      peer.execute('hi'),
      peer.wait('1'),
      peer.request('session/terminate', { cellId: '1' }),
      peer.request('session/resume', { cellId: '1', generation: 1 }),
      peer.request('session/events', { cellId: '1' }),
      peer.request('session/cells'),
      peer.request('session/values'),
      peer.request('session/shutdown'),
    ];
    for (const id of late) assert.equal(await peer.answer(id), 'code-mode host is shutting down');
    assert.equal(await isSettled(ended), false);
    // The call of the tool does not stop, so that the host waits for it as long as it may.
    t.mock.timers.tick(100);
    assert.match(JSON.stringify(await peer.initial(execute)), /terminated/);
    await closing;
    assert.equal(await ended, null);
    assert.deepEqual(host.counts, { connections: 0, sessions: 0 });
  });

  it('is refused while the host closes', async () => {
    const { host, sandbox } = hostOf({ programs: { slow: (run) => run.start() } });
    const { peer } = await connectWithSession(host);
    await peer.answer(peer.execute('slow'));
    void host.close();
    sandbox.last.end();
    assert.match((await connect(host).ended)?.message ?? '', /./);
  });
});
