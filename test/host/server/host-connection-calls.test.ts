import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect, connectWithSession, hostOf, type Json, TOOL } from '../../support/v1-peer.ts';

const INVOCATION = {
  cell_id: '1',
  runtime_tool_call_id: 'tool-1',
  tool_name: TOOL.tool_name,
  tool_kind: 'function',
};

describe('The calls of a host', () => {
  it('runs a tool at the client, and passes its result to the program', async () => {
    const { peer } = await connectWithSession(hostOf().host);
    const execute = peer.execute('tool');
    const asked = await peer.nextOf('delegate/request');
    assert.deepEqual(asked, {
      type: 'delegate/request',
      id: 1,
      sessionId: 's',
      request: { type: 'tool/invoke', invocation: { ...INVOCATION, input: { a: 1 } } },
    });
    peer.respond(1, { type: 'tool/result', result: { b: [2] } });
    assert.match(JSON.stringify(await peer.initial(execute)), /\{\\\\\\"b\\\\\\":\[2\]\}/);
  });

  it('sends null in version 1 if a tool was called without an argument', async () => {
    const { peer } = await connectWithSession(hostOf().host);
    peer.execute('tool without input');
    const { request } = await peer.nextOf('delegate/request');
    const invocation = { ...INVOCATION, input: null };
    assert.deepEqual(request, { type: 'tool/invoke', invocation });
    await peer.close();
  });

  it('delivers notifications', async () => {
    const { peer } = await connectWithSession(hostOf().host);
    const execute = peer.execute('notify', { tool_call_id: 'call-7' });
    const { id, request } = await peer.nextOf('delegate/request');
    const send = { type: 'notification/send', callId: 'call-7', cellId: '1', text: 'notice' };
    assert.deepEqual(request, send);
    peer.respond(id, { type: 'notification/delivered' });
    assert.match(JSON.stringify(await peer.initial(execute)), /Result/);
  });

  it('fails a call that is answered with a result of another kind', async () => {
    const { peer } = await connectWithSession(hostOf().host);
    const execute = peer.execute('tool');
    peer.respond((await peer.nextOf('delegate/request')).id, { type: 'notification/delivered' });
    const initial = JSON.stringify(await peer.initial(execute));
    assert.match(initial, /code-mode client returned an invalid tool result/);
  });

  it('passes the text of an error to the program', async () => {
    const { peer } = await connectWithSession(hostOf().host);
    const execute = peer.execute('tool');
    await peer.nextOf('delegate/request');
    const result = { status: 'error', message: 'no such thing' };
    peer.send({ type: 'delegate/response', id: 1, result });
    assert.match(JSON.stringify(await peer.initial(execute)), /no such thing/);
  });

  it('cancels the calls of a cell that is terminated, and drops late answers', async () => {
    const { peer } = await connectWithSession(hostOf().host);
    peer.execute('tool');
    const { id } = await peer.nextOf('delegate/request');
    const terminate = peer.request('session/terminate', { cellId: '1' });
    assert.deepEqual(await peer.nextOf('delegate/cancel'), { type: 'delegate/cancel', id });
    assert.match(JSON.stringify(await peer.answer(terminate)), /Terminated/);
    peer.respond(id, { type: 'tool/result', result: 1 });
    peer.respond(99, { type: 'tool/result', result: 1 });
    assert.match(JSON.stringify(await peer.initial(peer.execute('hi'))), /"hi"/);
  });

  for (const [capabilities, most] of [
    [[], 1_024],
    [['delegate-capacity-4096'], 1_500],
  ] as const) {
    it(`has at most ${most} of 1,500 calls under way${capabilities.length ? ' for large clients' : ''}`, async () => {
      const { host } = hostOf({
        programs: {
          many: (run) => {
            run.start();
            const calls = Array.from({ length: 1_500 }, (_, index) => run.callTool(0, index));
            void Promise.all(calls).then((answers) => {
              run.text(`${answers.filter(({ ok }) => ok).length} done`);
              run.end();
            });
          },
        },
      });
      const { peer } = await connectWithSession(host, ...capabilities);
      const execute = peer.execute('many');
      const asked: Json[] = [];
      for (let n = 0; n < most; n += 1) asked.push(await peer.nextOf('delegate/request'));
      await peer.answer(peer.request('session/open'));
      const requests = peer.received.filter(({ type }) => type === 'delegate/request');
      assert.equal(requests.length, most);
      for (const { id } of asked) peer.respond(id, { type: 'tool/result', result: id });
      for (let n = most; n < 1_500; n += 1) {
        const { id } = await peer.nextOf('delegate/request');
        peer.respond(id, { type: 'tool/result', result: id });
      }
      assert.match(JSON.stringify(await peer.initial(execute)), /1500 done/);
    });
  }
});

describe('The limits of a host', () => {
  it('fails only the request that exceeds the limit', async () => {
    const { peer } = await connectWithSession(hostOf({ limits: { maxRequests: 2 } }).host);
    const first = peer.execute('hang', { yield_time_ms: 0 });
    await peer.initial(first);
    const waiting = peer.wait('1');
    const other = peer.execute('hang');
    await peer.answer(other);
    const text = await peer.answer(peer.execute('hi'));
    assert.match(String(text), /^code-mode host has too many in-flight requests.*\(maxRequests\)$/);
    peer.send({ type: 'operation/cancel', id: waiting });
    await peer.answer(waiting);
    assert.match(JSON.stringify(await peer.initial(peer.execute('hi'))), /"hi"/);
    await peer.close();
  });

  it('opens no more sessions than allowed, and another when one has closed', async () => {
    const { host } = hostOf({ limits: { maxSessions: 1 } });
    const { peer } = await connectWithSession(host);
    const other = connect(host);
    await other.peer.hello();
    const text = await other.peer.answer(other.peer.request('session/open'));
    assert.match(String(text), /: 1 are open \(maxSessions\): connection 1 \(memory\) holds 1$/);
    await peer.answer(peer.request('session/shutdown'));
    assert.deepEqual(await other.peer.answer(other.peer.request('session/open')), {
      type: 'session/ready',
      sessionId: 's',
    });
  });

  it('names the connections that hold the sessions, those with most first, eight at most', async () => {
    const { host } = hostOf({ limits: { maxSessions: 14 } });
    const peers = [];
    for (let n = 1; n <= 10; n += 1) {
      const { peer } = connect(host);
      await peer.hello();
      peers.push(peer);
      const sessions = n === 2 ? 4 : n === 3 ? 2 : 1;
      for (let s = 1; s <= sessions; s += 1) {
        await peer.answer(peer.request('session/open', { sessionId: `s${s}` }));
      }
    }
    const [first] = peers;
    const refused = await first?.answer(first.request('session/open', { sessionId: 'more' }));
    const others = [1, 4, 5, 6, 7, 8].map((n) => `connection ${n} (memory) holds 1`).join(', ');
    const holders = `connection 2 (memory) holds 4, connection 3 (memory) holds 2, ${others}, …`;
    const text = 'code-mode host has too many sessions: 14 are open (maxSessions)';
    assert.equal(refused, `${text}: ${holders}`);
    await peers[1]?.answer(peers[1].request('session/shutdown', { sessionId: 's1' }));
    await first?.answer(first.request('session/open', { sessionId: 'again' }));
    const next = await first?.answer(first.request('session/open', { sessionId: 'another' }));
    assert.match(
      String(next),
      /connection 2 \(memory\) holds 3, connection 1 \(memory\) holds 2, /,
    );
  });

  it('accepts no more connections than allowed, and another when one has left', async () => {
    const { host } = hostOf({ limits: { maxConnections: 1 } });
    const { peer, ended } = await connectWithSession(host);
    const refused = connect(host);
    assert.match((await refused.ended)?.message ?? '', /maxConnections/);
    await refused.peer.closed;
    await peer.close();
    await ended;
    await connect(host).peer.hello();
  });

  it('sends an error instead of an answer that is too large, and continues', async () => {
    const large = '\u0001'.repeat(12 << 20);
    const { host } = hostOf({
      programs: {
        large: (run) => {
          run.start();
          run.text(large);
          run.end();
        },
      },
    });
    const { peer } = connect(host);
    await peer.hello('cellhost.cells', 'cellhost.sessions');
    const options = { limits: { maxOutputBytes: 1 << 30 } };
    await peer.answer(peer.request('session/open', { options }));
    const text = await peer.initial(peer.execute('large'));
    assert.match(String(text), /^code-mode initial response exceeds the IPC frame limit: /);
    assert.match(JSON.stringify(await peer.initial(peer.execute('hi'))), /"hi"/);
  });
});
