import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isExecute } from '../../../host/wire/execute-message.ts';
import { readClientMessage } from '../../../host/wire/protocol.ts';

const TOOL = {
  name: 'echo',
  tool_name: { name: 'echo', namespace: null },
  description: 'Echoes.',
  kind: 'function',
  input_schema: null,
  output_schema: { type: 'string' },
};
const REQUEST = {
  tool_call_id: 'call',
  enabled_tools: [TOOL],
  source: 'text(1)',
  yield_time_ms: 1_000,
  max_output_tokens: null,
};
const OPERATION = { method: 'session/execute', sessionId: 's', request: REQUEST };
const MESSAGE = { type: 'operation/request', id: 1, request: OPERATION };

function withRequest(change: object): unknown {
  return { ...MESSAGE, request: { ...OPERATION, request: { ...REQUEST, ...change } } };
}

function withTool(change: object): unknown {
  return withRequest({ enabled_tools: [TOOL, { ...TOOL, ...change }] });
}

function without(key: string, object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

/** What the schema makes of it: an extension makes sure that it is asked. */
function bySchema(message: unknown): unknown {
  const copy = structuredClone(message) as { request: { request: Record<string, unknown> } };
  copy.request.request.keepEvents = false;
  try {
    const read = readClientMessage(copy) as typeof copy;
    delete read.request.request.keepEvents;
    return read;
  } catch {
    return null;
  }
}

describe('isExecute', () => {
  it('accepts requests of every kind, unchanged', () => {
    for (const good of [
      MESSAGE,
      withRequest({ tool_call_id: null, yield_time_ms: null, max_output_tokens: 0x7fffffff }),
      withRequest({ yield_time_ms: 2 ** 64, enabled_tools: [] }),
      withTool({ kind: 'freeform', tool_name: { name: 'echo', namespace: 'mcp' } }),
      withRequest({ enabled_tools: [without('input_schema', TOOL)] }),
    ]) {
      assert.equal(isExecute(good), true);
      assert.equal(readClientMessage(good), good);
      assert.deepEqual(bySchema(good), good);
    }
  });

  it('accepts nothing that the schema would refuse or change', () => {
    const others: unknown[] = [
      ...[null, [], 'session/execute', [1, 2, 3]],
      { ...MESSAGE, more: 1 },
      { ...MESSAGE, id: 1.5 },
      { ...MESSAGE, id: 2 ** 60 },
      { ...MESSAGE, id: '1' },
      { ...MESSAGE, type: 'operation/cancel' },
      { ...MESSAGE, request: null },
      { ...MESSAGE, request: { ...OPERATION, more: 1 } },
      { ...MESSAGE, request: { ...OPERATION, method: 'session/wait' } },
      { ...MESSAGE, request: { ...OPERATION, sessionId: ' ' } },
      { ...MESSAGE, request: { ...OPERATION, sessionId: 1 } },
      { ...MESSAGE, request: { ...OPERATION, sessionId: 'x'.repeat(1_025) } },
      { ...MESSAGE, request: { ...OPERATION, request: [1, 2, 3, 4, 5] } },
      ...Object.keys(REQUEST).map((key) => ({
        ...MESSAGE,
        request: { ...OPERATION, request: { ...without(key, REQUEST), more: 1 } },
      })),
      ...Object.keys(REQUEST).map((key) => withRequest({ [key]: true })),
      withRequest({ more: 1 }),
      withRequest({ enabled_tools: {} }),
      withRequest({ enabled_tools: [null] }),
      ...[-1, 0.5, 2 ** 65, '1'].map((time) => withRequest({ yield_time_ms: time })),
      ...[-1, 0.5, 2 ** 31].map((tokens) => withRequest({ max_output_tokens: tokens })),
      ...['name', 'tool_name', 'description', 'kind'].flatMap((key) => [
        withTool({ [key]: 1 }),
        withRequest({ enabled_tools: [{ ...without(key, TOOL), more: 1 }] }),
      ]),
      withTool({ more: 1 }),
      withTool({ kind: 'other' }),
      withTool({ tool_name: { name: 'echo' } }),
      withTool({ tool_name: { name: 'echo', namespace: 1 } }),
      withTool({ tool_name: { name: null, namespace: null } }),
      withTool({ tool_name: { name: 'echo', namespace: null, more: 1 } }),
    ];
    for (const other of others) assert.equal(isExecute(other), false, JSON.stringify(other));
  });

  it('agrees with the schema about any values of the fields', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      ...Object.values(REQUEST).map((each) => fc.constant(each)),
    );
    const fields = fc.record(Object.fromEntries(Object.keys(REQUEST).map((key) => [key, value])));
    fc.assert(
      fc.property(fields, (change) => {
        const message = JSON.parse(JSON.stringify(withRequest(change)));
        assert.equal(isExecute(message), bySchema(message) !== null);
      }),
    );
  });
});
