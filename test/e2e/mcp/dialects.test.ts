import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../../src/describe/json-object.ts';
import { DIALECTS, type Dialect, type ModelTurn } from './dialects.ts';
import { startModelApi } from './model-api.ts';
import { wireFacts } from './servers/recorded-wire.ts';

const TOOL = { name: 'exec', description: 'Runs' };
const PATHS = [
  '/v1/responses',
  '/v1/messages',
  '/v1/chat/completions',
  '/v1beta/models/m:streamGenerateContent',
] as const;

/** The same conversation in each dialect: a tool that is offered, and one result with an image. */
const REQUESTS: Readonly<Record<(typeof PATHS)[number], JsonObject>> = {
  '/v1/responses': {
    tools: [{ type: 'function', ...TOOL }, { type: 'web_search' }],
    input: [
      { type: 'message', content: 'go' },
      {
        type: 'function_call_output',
        output: [{ type: 'input_text', text: 'so' }, { type: 'input_image' }],
      },
    ],
  },
  '/v1/messages': {
    tools: [TOOL],
    messages: [
      { role: 'user', content: 'go' },
      {
        role: 'user',
        content: [
          { type: 'tool_result', content: [{ type: 'text', text: 'so' }, { type: 'image' }] },
        ],
      },
    ],
  },
  '/v1/chat/completions': {
    tools: [{ type: 'function', function: TOOL }],
    messages: [
      { role: 'user', content: 'go' },
      { role: 'tool', content: 'so' },
      { role: 'user', content: [{ type: 'image_url' }] },
    ],
  },
  '/v1beta/models/m:streamGenerateContent': {
    tools: [{ functionDeclarations: [TOOL] }],
    contents: [
      { parts: [{ text: 'go' }] },
      { parts: [{ functionResponse: { response: { output: 'so' } } }, { inlineData: {} }] },
    ],
  },
};

const dialectFor = (path: string): Dialect => DIALECTS.find((one) => one.path.test(path))!;
const CALL: ModelTurn = { type: 'call', id: 'call_1', name: 'exec', input: { source: 'text(1)' } };

describe('DIALECTS', () => {
  for (const path of PATHS) {
    it(`reads what ${path} is asked, and answers with a text or a call`, () => {
      const dialect = dialectFor(path);
      assert.deepEqual(dialect.read(REQUESTS[path]), { tools: [TOOL], results: ['so\n[image]'] });
      assert.deepEqual(dialect.read({}), { tools: [], results: [] });
      const called = JSON.stringify(dialect.write(CALL));
      assert.ok(called.includes('"exec"') && called.includes('text(1)'));
      assert.ok(JSON.stringify(dialect.write({ type: 'text', text: 'over' })).includes('"over"'));
    });
  }

  it('names the tools of a namespace in full, and calls them in parts', () => {
    const dialect = dialectFor('/v1/responses');
    const tools = [{ type: 'namespace', name: 'mcp__code', tools: [TOOL] }];
    assert.equal(dialect.read({ tools }).tools[0]?.name, 'mcp__code.exec');
    const called = JSON.stringify(dialect.write({ ...CALL, name: 'mcp__code.exec' }));
    assert.match(called, /"name":"exec","namespace":"mcp__code"/);
  });
});

describe('startModelApi', () => {
  it('asks for turns with tools alone, and notes what is no request for a turn', async () => {
    let turns = 0;
    await using api = await startModelApi(() => {
      turns += 1;
      return CALL;
    });
    const ask = async (path: string, body: JsonObject) => {
      const request = { method: 'POST', body: JSON.stringify(body) };
      return (await fetch(`${api.url}${path}?alt=sse`, request)).text();
    };
    const stream = await ask('/v1/messages', REQUESTS['/v1/messages']);
    assert.match(stream, /^event: message_start\ndata: \{.*\}\n\n/);
    assert.match(await ask('/v1/messages', {}), /"text":"done"/);
    assert.match(await ask('/v1/chat/completions', {}), /data: \[DONE\]\n\n$/);
    await ask('/v1/messages/count_tokens', {});
    await ask('/elsewhere', {});
    assert.equal(turns, 1);
    assert.deepEqual(api.refused, ['POST /elsewhere']);
  });
});

describe('wireFacts', () => {
  it('finds the revision of either era, how a person is asked, and how the server ends', () => {
    const legacy = wireFacts([
      { client: { method: 'initialize', params: { protocolVersion: '2025-11-25' } } },
      { server: { result: { protocolVersion: '2025-06-18' } } },
      { server: { method: 'elicitation/create' } },
      { ended: true },
      { signal: 'SIGTERM' },
      { signal: 'SIGTERM' },
    ]);
    assert.deepEqual(legacy, {
      revision: '2025-06-18',
      asksWith: 'pushed elicitation',
      endings: ['EOF', 'SIGTERM'],
    });
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    const modern = wireFacts([
      { client: { method: 'tools/call', params: { _meta } } },
      { server: { result: { resultType: 'input_required' } } },
    ]);
    assert.equal(modern.revision, '2026-07-28');
    assert.equal(modern.asksWith, 'input_required');
  });
});
