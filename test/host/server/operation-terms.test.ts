import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { executeRequest, observeMode } from '../../../host/server/operation-terms.ts';

const TOOL = {
  name: 'add',
  tool_name: { name: 'add', namespace: null },
  description: 'Adds.',
  kind: 'function',
} as const;

function requestWith(schemas: {
  readonly input_schema?: unknown;
  readonly output_schema?: unknown;
}) {
  return executeRequest({
    method: 'session/execute',
    sessionId: 's',
    request: {
      tool_call_id: null,
      enabled_tools: [{ ...TOOL, ...schemas }],
      source: '',
      yield_time_ms: null,
      max_output_tokens: null,
    },
  });
}

describe('executeRequest', () => {
  it('keeps the schemas of tools', () => {
    const [input, output] = [{ type: 'object' }, { type: 'number' }];
    const tool = requestWith({ input_schema: input, output_schema: output }).tools?.[0];
    assert.deepEqual([tool?.inputSchema, tool?.outputSchema], [input, output]);
  });

  it('reads null as an absent schema', () => {
    const { tool_name: toolName, ...rest } = TOOL;
    for (const schemas of [{}, { input_schema: null, output_schema: null }]) {
      assert.deepEqual(requestWith(schemas).tools, [{ ...rest, toolName }]);
    }
  });
});

describe('observeMode', () => {
  it('waits for 10 s unless the request says otherwise', () => {
    assert.deepEqual(observeMode({ yield_time_ms: null }), { yieldAfterMs: 10_000 });
    assert.deepEqual(observeMode({ yield_time_ms: 5 }), { yieldAfterMs: 5 });
    const observe = { pending: true } as const;
    assert.deepEqual(observeMode({ yield_time_ms: 5, observe }), observe);
  });
});
