import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FakeProgram } from '../../support/fake-sandbox.ts';
import { settled } from '../../support/gates.ts';
import {
  connect,
  connectWithSession,
  hostOf,
  type Json,
  type V1Peer,
} from '../../support/v1-peer.ts';

async function setup(options: Parameters<typeof hostOf>[0] = {}, ...capabilities: string[]) {
  const { host, sandbox } = hostOf(options);
  return { host, sandbox, ...(await connectWithSession(host, ...capabilities)) };
}

/** A delegate request of a tool. */
type Asked = { readonly invocation?: { readonly input: number } } | undefined;

/** The messages after the handshake and the opening, in short. */
function story(peer: V1Peer): readonly string[] {
  return peer.received.slice(2).map((message) => {
    const value = (message.result as { value?: Json } | undefined)?.value;
    return `${message.type} ${message.id ?? message.cellId}${value?.type ? ` ${value.type}` : ''}`;
  });
}

function withoutTimes(value: unknown): unknown {
  const text = JSON.stringify(value).replaceAll(
    /,"(?:code_mode_host_duration|result_buffered_for)_ns":\d+/g,
    '',
  );
  return JSON.parse(text);
}

const EARLY = [{ type: 'input_text', text: 'early' }];

describe('HostConnection', () => {
  it('sends version 1 in the form that its clients read', async () => {
    const { peer, host, ended } = await setup();
    const execute = peer.execute('hi');
    assert.deepEqual(await peer.answer(execute), { type: 'execution/started', cellId: '1' });
    assert.deepEqual(withoutTimes(await peer.initial(execute)), {
      Result: {
        cell_id: '1',
        content_items: [{ type: 'input_text', text: 'hi' }],
        error_text: null,
      },
    });
    const shutdown = peer.request('session/shutdown');
    assert.deepEqual(await peer.answer(shutdown), { type: 'session/closed', sessionId: 's' });
    assert.deepEqual(story(peer), [
      'operation/response 2 execution/started',
      'execute/initialResponse 2',
      'cell/closed 1',
      'operation/response 3 session/closed',
    ]);
    await peer.close();
    assert.equal(await ended, null);
    assert.deepEqual(host.counts, { connections: 0, sessions: 0 });
  });

  it('accepts requests right behind the opening of their session', async () => {
    const { host } = hostOf({});
    const { peer } = connect(host);
    await peer.hello();
    const open = peer.request('session/open');
    const execute = peer.execute('hi');
    assert.deepEqual(await peer.answer(execute), { type: 'execution/started', cellId: '1' });
    assert.deepEqual(await peer.answer(open), { type: 'session/ready', sessionId: 's' });
    await peer.close();
  });

  it("reports that a cell has started before it sends the cell's requests, in program order", async () => {
    const eager: FakeProgram = (run) => {
      run.start();
      for (let n = 1; n <= 3; n += 1) void run.callTool(0, n);
      void run.notify('n');
      // During the turns in which the start is reported.
      let turns = 0;
      const more = () => {
        turns += 1;
        if (turns > 8) return;
        void run.callTool(0, 3 + turns);
        queueMicrotask(more);
      };
      queueMicrotask(more);
    };
    for (const capabilities of [[], ['cellhost.cells']]) {
      const { peer } = await setup({ programs: { eager } }, ...capabilities);
      peer.execute('eager');
      for (let n = 0; n < 12; n += 1) await peer.nextOf('delegate/request');
      const told = peer.received.slice(2);
      assert.equal(story(peer)[0], 'operation/response 2 execution/started');
      const inputs = told.flatMap(({ request }) => (request as Asked)?.invocation?.input ?? []);
      assert.deepEqual(
        inputs,
        Array.from({ length: 11 }, (_, n) => n + 1),
      );
      await peer.close();
    }
  });

  it('waits and terminates; afterwards the cell is missing', async () => {
    const { peer } = await setup();
    await peer.initial(peer.execute('hang', { yield_time_ms: 0 }));
    await peer.answer(peer.wait('1', 0));
    assert.deepEqual(withoutTimes(await peer.answer(peer.wait('1', 0))), {
      type: 'wait/completed',
      outcome: { LiveCell: { Yielded: { cell_id: '1', content_items: [] } } },
    });
    const terminate = peer.request('session/terminate', { cellId: '1' });
    assert.deepEqual(withoutTimes(await peer.answer(terminate)), {
      type: 'wait/completed',
      outcome: { LiveCell: { Terminated: { cell_id: '1', content_items: [] } } },
    });
    assert.deepEqual(withoutTimes(await peer.answer(peer.wait('1'))), {
      type: 'wait/completed',
      outcome: {
        MissingCell: {
          Result: { cell_id: '1', content_items: [], error_text: 'exec cell 1 not found' },
        },
      },
    });
  });

  it('has no output for a missing cell, even if the host truncates output', async () => {
    const { host } = hostOf();
    const { peer } = connect(host);
    await peer.hello('cellhost.cells', 'bounded-output-v1');
    await peer.answer(peer.request('session/open', { outputTruncation: 'server' }));
    const message = 'exec cell 1 not found';
    const Event = { type: 'missing', cellId: '1', items: [], reason: 'unknown', message };
    assert.deepEqual(await peer.answer(peer.wait('1', 0)), {
      type: 'wait/completed',
      outcome: { MissingCell: { Event } },
    });
    await peer.close();
  });

  it('reports that a session is closed only after all of its cells', async () => {
    const { peer } = await setup();
    for (const _ of [1, 2, 3]) await peer.answer(peer.execute('hang'));
    await peer.answer(peer.request('session/shutdown'));
    const told = story(peer).slice(3);
    assert.deepEqual(told.slice(-1), ['operation/response 5 session/closed']);
    for (const cell of [1, 2, 3]) {
      const answered = told.indexOf(`execute/initialResponse ${cell + 1}`);
      assert.ok(answered >= 0 && told.indexOf(`cell/closed ${cell}`) > answered, told.join());
    }
    assert.equal(told.length, 7);
  });

  it('answers terminate before pending waits, and reports the closed cell last', async () => {
    const { peer } = await setup();
    const execute = peer.execute('hang', { yield_time_ms: 0 });
    await peer.initial(execute);
    const wait = peer.wait('1');
    const terminate = peer.request('session/terminate', { cellId: '1' });
    await peer.nextOf('cell/closed');
    assert.deepEqual(story(peer).slice(-3), [
      `operation/response ${terminate} wait/completed`,
      `operation/response ${wait} wait/completed`,
      'cell/closed 1',
    ]);
  });

  it('answers terminate before the execute of the same cell', async () => {
    const { peer } = await setup();
    const execute = peer.execute('hang');
    await peer.answer(execute);
    const terminate = peer.request('session/terminate', { cellId: '1' });
    await peer.nextOf('cell/closed');
    assert.deepEqual(story(peer).slice(-3), [
      `operation/response ${terminate} wait/completed`,
      `execute/initialResponse ${execute}`,
      'cell/closed 1',
    ]);
  });

  it('reports a closed cell last, even if the cell was requested before it existed', async () => {
    const { peer } = await setup();
    const wait = peer.wait('1');
    const execute = peer.execute('hi');
    await peer.nextOf('cell/closed');
    assert.deepEqual(story(peer).slice(-1), ['cell/closed 1']);
    assert.ok(story(peer).includes(`execute/initialResponse ${execute}`));
    assert.ok(story(peer).includes(`operation/response ${wait} wait/completed`));
  });

  it('cancels a wait, and keeps the output of the cell', async () => {
    const { peer, sandbox } = await setup();
    await peer.initial(peer.execute('hang', { yield_time_ms: 0 }));
    const wait = peer.wait('1');
    await peer.answer(peer.request('session/open'));
    sandbox.last.text('kept');
    peer.send({ type: 'operation/cancel', id: wait });
    assert.equal(await peer.answer(wait), 'code-mode request cancelled');
    const { outcome } = (await peer.answer(peer.wait('1', 0))) as Json;
    assert.match(JSON.stringify(outcome), /LiveCell.*Yielded.*"kept"/);
  });

  it('cancels only waits', async () => {
    const { peer, sandbox } = await setup();
    const execute = peer.execute('hang');
    await peer.answer(execute);
    peer.send({ type: 'operation/cancel', id: execute });
    peer.send({ type: 'operation/cancel', id: 999 });
    await peer.answer(peer.request('session/open'));
    sandbox.last.end();
    assert.deepEqual(withoutTimes(await peer.initial(execute)), {
      Result: { cell_id: '1', content_items: EARLY, error_text: null },
    });
  });

  it('yields on request', async () => {
    const { peer } = await setup();
    const execute = peer.execute('hang');
    await peer.answer(execute);
    peer.send({ type: 'operation/yield', id: execute });
    peer.send({ type: 'operation/yield', id: 999 });
    assert.deepEqual(withoutTimes(await peer.initial(execute)), {
      Yielded: { cell_id: '1', content_items: EARLY },
    });
    const wait = peer.wait('1');
    peer.send({ type: 'operation/yield', id: wait });
    assert.match(JSON.stringify(await peer.answer(wait)), /LiveCell.*Yielded/);
  });

  it('reports a limit of the session in the form that its clients know', async () => {
    const { host } = hostOf();
    const { peer } = connect(host);
    await peer.hello('session-cell-execution-resource-limits');
    const cellExecutionLimits = { maxYieldTimeMs: 1 };
    await peer.answer(peer.request('session/open', { cellExecutionLimits }));
    const execute = peer.execute('hang', { yield_time_ms: null });
    assert.match(JSON.stringify(await peer.initial(execute)), /Yielded/);
  });

  it('refuses sessions that are unknown, open or closed', async () => {
    const { peer } = await setup();
    const unknown = { sessionId: 'other' };
    for (const id of [
      peer.request('session/shutdown', unknown),
      peer.request('session/terminate', { ...unknown, cellId: '1' }),
      peer.request('session/cells', unknown),
      peer.request('session/execute', { ...unknown, request: { ...EXECUTE } }),
    ]) {
      assert.equal(await peer.answer(id), 'unknown code-mode session other');
    }
    assert.equal(
      await peer.answer(peer.request('session/open')),
      'code-mode session ID `s` is already open',
    );
    await peer.answer(peer.request('session/shutdown'));
    assert.equal(
      await peer.answer(peer.request('session/open')),
      'code-mode session ID `s` was reused',
    );
  });

  it('lets two connections use the same session id', async () => {
    const { host } = await setup();
    const { peer } = await connectWithSession(host);
    assert.deepEqual(await peer.answer(peer.execute('hi')), {
      type: 'execution/started',
      cellId: '1',
    });
    assert.equal(host.counts.sessions, 2);
  });

  it('sends codes only to peers with cellhost.cells', async () => {
    const { peer, host } = await setup();
    const other = await connectWithSession(host, 'cellhost.cells');
    for (const [who, result] of [
      [peer, { status: 'error', message: 'unknown code-mode session x' }],
      [
        other.peer,
        { status: 'error', message: 'unknown code-mode session x', code: 'session_unknown' },
      ],
    ] as const) {
      who.request('session/shutdown', { sessionId: 'x' });
      const answer = await who.nextOf('operation/response');
      assert.deepEqual(answer.result, result);
    }
  });

  it('waits for no session that opens after its client has left', async () => {
    const { host, sandbox } = hostOf({ programs: { '': (run) => run.start() } });
    const { peer, ended } = connect(host);
    await peer.hello();
    peer.request('session/open');
    await settled();
    await settled();
    await peer.close();
    await ended;
    sandbox.last.end();
    await settled();
    assert.deepEqual(host.counts, { connections: 0, sessions: 0 });
  });
});

const EXECUTE = {
  tool_call_id: null,
  enabled_tools: [],
  source: 'hi',
  yield_time_ms: null,
  max_output_tokens: null,
};
