import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeRuntime } from '../../../src/describe/describe-runtime.ts';
import type { ToolDefinition } from '../../../src/tools.ts';

const ALL = { search: true, output: true, console: true, globals: 'web' } as const;

function tool(name: string, descriptionLength = 20): ToolDefinition {
  const inputSchema = { type: 'object', properties: { path: { type: 'string' } } };
  return { name, description: 'd'.repeat(descriptionLength), inputSchema };
}

const many = (count: number) => Array.from({ length: count }, (_, at) => tool(`tool_${at}`));

describe('describeRuntime', () => {
  it('has a guide that fits 4,000 characters with room for tools', () => {
    const { exec } = describeRuntime({ ...ALL, maxLength: 4000 });
    assert.ok(exec.description.length <= 3000, String(exec.description.length));
    for (const name of ['text(', 'notify(', 'store(', 'as `await tools', 'tools.search(', 'wait']) {
      assert.ok(exec.description.includes(name), name);
    }
  });

  it('speaks of search, cut output and the console only if programs have them', () => {
    const { exec } = describeRuntime();
    for (const name of ['tools.search', 'tools.output', 'console', 'URLSearchParams']) {
      assert.ok(!exec.description.includes(name), name);
    }
  });

  it('declares every tool without a bound', () => {
    const { exec } = describeRuntime({ tools: many(200) });
    assert.ok(exec.description.includes('tool_199(args: { path?: string; })'));
    assert.ok(!exec.description.includes(' more: '));
  });

  it('declares whole tools within the bound, and counts the rest', () => {
    const { exec } = describeRuntime({ ...ALL, tools: many(3000), maxLength: 4000 });
    assert.ok(exec.description.length <= 4000, String(exec.description.length));
    const declared = exec.description.match(/^### /gm)?.length ?? 0;
    assert.ok(declared > 0);
    assert.equal(exec.description.match(/^```$/gm)?.length, declared);
    assert.ok(exec.description.endsWith(`${3000 - declared} more: tools.search({ query, limit })`));
  });

  it('skips a tool that does not fit for one that does', () => {
    const tools = [tool('huge', 5000), tool('small')];
    const { exec } = describeRuntime({ tools, maxLength: 4000 });
    assert.ok(!exec.description.includes('### `huge`'));
    assert.ok(exec.description.includes('### `small`'));
    assert.ok(exec.description.endsWith('1 more: see ALL_TOOLS'));
  });

  it('leaves out remarks that do not fit, and keeps the guide whatever the bound', () => {
    const guide = describeRuntime().exec.description;
    const remarks = ['Server a: 3 tools', 'x'.repeat(5000), 'Server b: 4 tools'];
    const { exec } = describeRuntime({ remarks, maxLength: 10 });
    assert.equal(exec.description, `${guide}\n\nServer a: 3 tools\nServer b: 4 tools`);
  });

  it('has schemas that refuse what is not there', () => {
    const { exec, wait, cells } = describeRuntime();
    assert.deepEqual(Object.keys(exec.inputSchema.properties as object), [
      'source',
      'yield_time_ms',
      'max_output_tokens',
    ]);
    for (const { inputSchema } of [exec, wait, cells]) {
      assert.equal(inputSchema.additionalProperties, false);
    }
  });
});
