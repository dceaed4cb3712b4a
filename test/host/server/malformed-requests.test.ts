import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Host } from '../../../host/server/host.ts';
import { connectWithSession, executeRequest, hostOf, type Json } from '../../support/v1-peer.ts';

const SESSION = { sessionId: 's' };

/** A request that is not one, and what the answer has to name. */
const MALFORMED: readonly (readonly [string, object, RegExp])[] = [
  ['an unknown method', { request: { method: 'session/x', ...SESSION } }, /request\.method/],
  ['no request', {}, /request/],
  ['a request that is null', { request: null }, /request/],
  [
    'a missing cell_id',
    { request: { method: 'session/wait', ...SESSION, request: { yield_time_ms: 0 } } },
    /cell_id/,
  ],
  [
    'a cell_id that is a number',
    { request: { method: 'session/wait', ...SESSION, request: { cell_id: 5, yield_time_ms: 0 } } },
    /cell_id/,
  ],
  [
    'a tool without a description',
    {
      request: {
        method: 'session/execute',
        ...SESSION,
        request: executeRequest('hi', {
          enabled_tools: [
            { name: 't', tool_name: { name: 't', namespace: null }, kind: 'function' },
          ],
        }),
      },
    },
    /enabled_tools\.0\.description/,
  ],
  [
    'a wrong type in session/open',
    { request: { method: 'session/open', sessionId: 'other', cellExecutionLimits: 5 } },
    /cellExecutionLimits/,
  ],
  [
    'a generation that is a string',
    { request: { method: 'session/resume', ...SESSION, cellId: '1', generation: 'y' } },
    /generation/,
  ],
  ['an unknown field', { request: { method: 'session/shutdown', ...SESSION }, x: 1 }, /"x"/],
];

/** The text of a message whose id is this, exactly. */
function textWith(id: string, fields: object): string {
  return `{"type":"operation/request","id":${id},${JSON.stringify(fields).slice(1)}`;
}

async function setUp(host: Host, ...capabilities: readonly string[]) {
  const { peer, ended } = await connectWithSession(host, ...capabilities);
  const texts: string[] = [];
  peer.onText = (text) => texts.push(text);
  return { peer, ended, texts };
}

describe('A malformed request', () => {
  for (const [what, fields, names] of MALFORMED) {
    for (const capabilities of [[], ['cellhost.cells']]) {
      const client = capabilities.length === 0 ? 'version 1' : 'our own';
      it(`with ${what} fails alone, for a client of ${client}`, async () => {
        const { peer } = await setUp(hostOf().host, ...capabilities);
        const executing = peer.execute('hang');
        await peer.answer(executing);
        peer.send({ type: 'operation/request', id: 77, ...fields });
        const { result } = await peer.next(({ id }) => id === 77);
        const { status, message, code } = result as Json;
        assert.equal(status, 'error');
        assert.match(String(message), names);
        assert.equal(code, capabilities.length === 0 ? undefined : 'invalid_argument');
        const terminating = peer.request('session/terminate', { cellId: '1' });
        assert.match(JSON.stringify(await peer.answer(terminating)), /erminated/);
        await peer.close();
      });
    }
  }

  it('uses up its id', async () => {
    const { peer, ended } = await setUp(hostOf().host);
    for (const _ of [1, 2]) peer.send({ type: 'operation/request', id: 77 });
    await peer.next(({ id }) => id === 77);
    assert.equal((await ended)?.message, 'duplicate code-mode request ID 77');
  });

  it('has an answer of bounded length', async () => {
    const { peer } = await setUp(hostOf().host);
    peer.send({ type: 'operation/request', id: 77, ['x'.repeat(100_000)]: 1 });
    const { result } = await peer.next(({ id }) => id === 77);
    assert.ok(JSON.stringify(result).length < 2_000);
    await peer.close();
  });
});

describe('The id of a request', () => {
  const ids = [
    '9007199254740993',
    '9223372036854775807',
    '-9223372036854775808',
    '-9007199254740993',
  ];
  for (const id of ids) {
    it(`is echoed exactly: ${id}`, async () => {
      const { peer, texts } = await setUp(hostOf().host);
      peer.sendText(textWith(id, { request: { method: 'session/x', ...SESSION } }));
      await peer.nextOf('operation/response');
      const request = { method: 'session/execute', ...SESSION, request: executeRequest('hi') };
      const next = String(BigInt(id) + (id.startsWith('-') ? 1n : -1n));
      peer.sendText(textWith(next, { request }));
      await peer.nextOf('execute/initialResponse');
      const echoed = texts.map((text) => /"id":(-?\d+)/.exec(text)?.[1]).filter(Boolean);
      assert.deepEqual(echoed, [id, next, next]);
      await peer.close();
    });
  }

  it('is distinguished from neighbouring numbers', async () => {
    const { peer, ended } = await setUp(hostOf().host);
    const request = { method: 'session/x', ...SESSION };
    peer.sendText(textWith('9007199254740992', { request }));
    peer.sendText(textWith('9007199254740993', { request }));
    peer.sendText(textWith('9007199254740992', { request }));
    assert.equal((await ended)?.message, 'duplicate code-mode request ID 9007199254740992');
  });

  it('is the id of the message, not an id of a schema inside it', async () => {
    const { peer, texts } = await setUp(hostOf().host);
    const request = { method: 'session/x', id: 9_007_199_254_740_991, more: { id: 4 } };
    const text = textWith('9007199254740993', { request }).replace('740991', '740997');
    peer.sendText(text);
    await peer.nextOf('operation/response');
    assert.match(texts[0]!, /"id":9007199254740993,/);
    await peer.close();
  });

  it('can be large in a cancellation, a yield and an answer, too', async () => {
    const { peer } = await setUp(hostOf().host, 'yield-observation');
    await peer.answer(peer.execute('hang'));
    const id = '9007199254740995';
    const request = { cell_id: '1', yield_time_ms: 60_000 };
    await peer.initial(peer.execute('hi'));
    const terminating = peer.request('session/terminate', { cellId: '9' });
    peer.sendText(
      `{"type":"delegate/response","id":${id},"result":{"status":"error","message":""}}`,
    );
    peer.sendText(`{"type":"operation/yield","id":${id}}`);
    await peer.answer(terminating);
    const hang = peer.execute('hang', { yield_time_ms: 0 });
    await peer.initial(hang);
    peer.sendText(
      textWith(id, {
        request: { method: 'session/wait', ...SESSION, request: { ...request, cell_id: '3' } },
      }),
    );
    peer.sendText(`{"type":"operation/cancel","id":${id}}`);
    const { result } = await peer.next((came) => came.id === Number(id));
    assert.equal((result as Json).message, 'code-mode request cancelled');
    await peer.close();
  });

  for (const id of ['9223372036854775808', '-9223372036854775809', '1e300', '0.5', '"1"', 'null']) {
    it(`ends the connection when it is not an integer of 64 bits: ${id}`, async () => {
      const { peer, ended } = await setUp(hostOf().host);
      peer.sendText(textWith(id, { request: { method: 'session/shutdown', ...SESSION } }));
      assert.match((await ended)?.message ?? '', /Cannot read a message: id: /);
    });
  }
});

describe('The duration of a wait', () => {
  it('can be as long as version 1 can express', async () => {
    const { peer, texts } = await setUp(hostOf().host);
    const request = executeRequest('hi', { yield_time_ms: 77 });
    const text = textWith('9', { request: { method: 'session/execute', ...SESSION, request } });
    peer.sendText(text.replace('77', '9223372036854775807'));
    await peer.nextOf('execute/initialResponse');
    const wait = { cell_id: '1', yield_time_ms: 77 };
    const waiting = textWith('10', {
      request: { method: 'session/wait', ...SESSION, request: wait },
    });
    peer.sendText(waiting.replace('77', '18446744073709551615'));
    await peer.next(({ id }) => id === 10);
    assert.match(texts.join(), /wait\/completed/);
    await peer.close();
  });
});

describe('A client whose connection its host ends', () => {
  const broken: readonly (readonly [string, string | Buffer, RegExp])[] = [
    ['a message that is not JSON', '{', /not JSON/],
    ['a message that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
    ['a request without an id', '{"type":"operation/request"}', /: id: /],
    ['a message of an unknown type', '{"type":"x","id":1}', /type/],
  ];
  for (const [what, text, message] of broken) {
    it(`learns why after ${what}`, async () => {
      const { peer, ended } = await setUp(hostOf().host, 'cellhost.cells');
      peer.sendText(text);
      assert.match((await ended)?.message ?? '', message);
      await peer.closed;
      const [last] = peer.received.slice(-1);
      assert.equal(last?.type, 'connection/failed');
      assert.match(String(last?.message), message);
    });

    it(`learns nothing after ${what} if it only speaks version 1`, async () => {
      const { peer, ended } = await setUp(hostOf().host);
      const before = peer.received.length;
      peer.sendText(text);
      assert.match((await ended)?.message ?? '', message);
      await peer.closed;
      assert.equal(peer.received.length, before);
    });
  }
});
