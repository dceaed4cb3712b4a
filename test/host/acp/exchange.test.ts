import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Exchange } from '../../../host/acp/exchange.ts';
import type { Mount } from '../../../host/acp/mount.ts';
import { OwnRequests } from '../../../host/acp/own-requests.ts';
import { SessionBook } from '../../../host/acp/session-book.ts';
import type { ToolPolicy } from '../../../host/mcp/tool-policy.ts';

const ENTRY = { name: 'cellhost' };

function setup(version = 1, policies: ReadonlyMap<string, ToolPolicy> = new Map()) {
  const sent: string[] = [];
  const warnings: string[] = [];
  const offers = new Set<object>();
  const mount: Mount = {
    offer: () => {
      const offer = { entry: ENTRY, withdraw: () => void offers.delete(offer) };
      offers.add(offer);
      return offer;
    },
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  const requests = new OwnRequests((line) => void sent.push(line));
  const sessions = new SessionBook({
    config: { mcpServers: {}, policies },
    keep: new Set(),
    ownName: 'cellhost',
    editor: { requests, asks: new Set(), notify: () => {}, room: async () => {} },
    globals: 'standard',
    openSandbox: () => Promise.reject(new Error('no sandbox here')),
    mountFor: () => mount,
    log: { info: () => {}, warn: (_, text) => void warnings.push(text) },
  });
  const exchange = new Exchange({ sessions, requests, onAsks: () => {} });
  const fromEditor = (message: unknown) => text(exchange.fromEditor(bytes(message)));
  const fromAgent = (message: unknown) => text(exchange.fromAgent(bytes(message)));
  fromEditor({ id: 'i', method: 'initialize', params: { protocolVersion: version } });
  const info = { name: 'agent', version: '3' };
  fromAgent({ id: 'i', result: { protocolVersion: version, agentInfo: info, info } });
  const numbers = { offers: () => offers.size };
  return { exchange, sessions, requests, sent, warnings, fromEditor, fromAgent, ...numbers };
}

function bytes(message: unknown): Buffer {
  return Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
}

function text(line: Buffer | null): string | null {
  return line === null ? null : line.toString();
}

describe('Exchange', () => {
  it('forwards what it does not know byte for byte, from both sides', () => {
    const { fromEditor, fromAgent } = setup();
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc
        .record({
          id: fc.oneof(fc.constant('9007199254740993'), fc.constant('1e400'), fc.constant('"x"')),
          method: fc.constantFrom(
            '_session/x',
            'fs/read',
            'session/set_mode',
            '_auth/status_update',
          ),
          params: fc.jsonValue().map((value) => JSON.stringify(value)),
        })
        .map(
          ({ id, method, params }) =>
            `{"id": ${id} ,"method":"${method}","_x":1.0,"params":${params}}`,
        ),
    );
    fc.assert(
      fc.property(line, (each) => {
        const sent = Buffer.from(each).toString();
        assert.equal(fromEditor(sent), sent);
        assert.equal(fromAgent(sent), sent);
      }),
      { numRuns: 500 },
    );
  });

  it('forwards what it cannot read', () => {
    const { fromEditor, fromAgent, offers } = setup();
    const strange = [
      'no json',
      '[{"id":1,"method":"session/new","params":{"mcpServers":[]}}]',
      '{"id":404,"result":{}}',
      '{"id":1,"method":"session/new"}',
      '{"id":1,"method":"session/new","params":[]}',
      '{"id":1,"method":"session/new","params":{"mcpServers":"all"}}',
      '{"id":1,"method":"session/new","params":{"mcpServers":{"a":{}}}}',
      '{"id":1,"method":"session/new","params":{"mcpServers":[]}',
      '{"method":"session/cancel"}',
      '{"method":"$/cancel_request","params":{"requestId":1}}',
      '{"id":2,"method":"session/prompt","params":{"sessionId":"unknown"}}',
      '{"method":"session/update","params":{"sessionId":"unknown","update":{"sessionUpdate":"tool_call"}}}',
    ];
    for (const line of strange) {
      assert.equal(fromEditor(line), line);
      assert.equal(fromAgent(line), line);
    }
    assert.equal(offers(), 0);
  });

  it('adds our server where a session begins, and forgets it when the agent refuses', () => {
    const { fromEditor, fromAgent, offers, sessions } = setup();
    for (const method of ['session/new', 'session/load', 'session/resume', 'session/fork']) {
      const params = { sessionId: 's', cwd: '/', mcpServers: null };
      const line = fromEditor({ id: 1, method, params });
      assert.deepEqual(JSON.parse(line!).params.mcpServers, [ENTRY]);
      assert.equal(offers(), 1);
      fromAgent({ id: 1, error: { code: 1, message: 'no' } });
      assert.deepEqual([offers(), sessions.find('s')], [0, undefined]);
    }
  });

  it('warns once of a policy for a server that nobody lists', async () => {
    const { fromEditor, sessions, warnings } = setup(1, new Map([['gitub', { ask: ['*'] }]]));
    for (const id of [1, 2]) {
      fromEditor({ id, method: 'session/new', params: { cwd: '/', mcpServers: [] } });
    }
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /policy for tool server "gitub" has no effect/);
    await sessions.close();
  });

  it('names an agent that was prompted and did not start our server', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { fromEditor, fromAgent, sessions, warnings } = setup();
    fromEditor({ id: 1, method: 'session/new', params: { cwd: '/', mcpServers: [] } });
    fromAgent({ id: 1, result: { sessionId: 's' } });
    fromEditor({ id: 2, method: 'session/prompt', params: { sessionId: 's', prompt: [] } });
    t.mock.timers.tick(30_000);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /^agent 3 did not start the MCP server .* 30 s .* --transport$/);
    await sessions.close();
  });

  it('keeps a session until it is closed', async () => {
    const { fromEditor, fromAgent, offers, sessions } = setup();
    fromEditor({ id: 1, method: 'session/new', params: { cwd: '/', mcpServers: [] } });
    fromAgent({ id: 1, result: { sessionId: 's' } });
    const session = sessions.find('s');
    fromEditor({
      id: 2,
      method: 'session/load',
      params: { sessionId: 's', cwd: '/', mcpServers: [] },
    });
    fromAgent({ id: 2, result: null });
    assert.equal(sessions.find('s'), session);
    assert.equal(offers(), 2);
    fromEditor({ id: 3, method: 'session/close', params: { sessionId: 's' } });
    fromAgent({ id: 3, error: { code: -32601, message: 'unknown' } });
    assert.equal(sessions.find('s'), session);
    fromEditor({ id: 4, method: 'session/delete', params: { sessionId: 's' } });
    fromAgent({ id: 4, result: {} });
    assert.deepEqual([offers(), sessions.find('s')], [0, undefined]);
    await sessions.close();
  });

  it('keeps answers to our requests, and cancellations of them, from the agent', async () => {
    const { fromEditor, fromAgent, requests, sent } = setup();
    const asked = requests.ask('session/request_permission', {}, new AbortController().signal);
    const { id } = JSON.parse(sent[0]!);
    // An agent cannot answer for a person.
    fromAgent({ id, result: { outcome: { outcome: 'selected', optionId: 'allow_once' } } });
    assert.equal(requests.size, 1);
    assert.equal(fromEditor({ id, result: { outcome: { outcome: 'cancelled' } } }), null);
    assert.deepEqual(await asked, { outcome: { outcome: 'cancelled' } });
    assert.equal(fromEditor({ id, result: 'late' }), null);
    assert.equal(fromEditor({ method: '$/cancel_request', params: { requestId: id } }), null);
  });

  it('answers what an agent left open', () => {
    const { exchange, fromEditor, fromAgent } = setup();
    fromEditor({ id: 1, method: 'a' });
    fromEditor('{"id":9007199254740993,"method":"b"}');
    fromEditor({ id: 'three', method: 'c' });
    fromAgent({ id: 1, result: null });
    const end = { exitCode: 3, cause: 'exited with code 3', isStopped: false };
    const error = '{"code":-32603,"message":"The agent exited with code 3","data":{"exitCode":3}}';
    assert.deepEqual(exchange.answersOf(end), [
      `{"jsonrpc":"2.0","id":9007199254740993,"error":${error}}`,
      `{"jsonrpc":"2.0","id":"three","error":${error}}`,
    ]);
    assert.deepEqual(exchange.answersOf(end), []);
  });
});
