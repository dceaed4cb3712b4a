import assert from 'node:assert/strict';
import { stripTypeScriptTypes } from 'node:module';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  declareTool,
  describeTools,
  sharedMcpTypes,
} from '../../../src/describe/tool-declarations.ts';
import { mcpSchema, tool } from '../../support/tool-definitions.ts';

const string = { type: 'string' };

/** The code between the fences of a declaration. */
function code(text: string): string {
  const found = /exec tool declaration:\n```ts\n([\s\S]*)\n```$/.exec(text);
  assert.ok(found?.[1]);
  return found[1];
}

describe('declareTool', () => {
  it('puts the declaration below the description', () => {
    const definition = tool('hidden-dynamic-tool', {
      description: 'Knows the weather.\nEverywhere.',
      inputSchema: {
        type: 'object',
        properties: { city: string },
        required: ['city'],
        additionalProperties: false,
      },
      outputSchema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
    });
    const before = structuredClone(definition);
    assert.equal(
      declareTool(definition),
      `Knows the weather.
Everywhere.

exec tool declaration:
\`\`\`ts
declare const tools: { hidden_dynamic_tool(args: { city: string; }): Promise<{ ok: boolean; }>; };
\`\`\``,
    );
    assert.deepEqual(definition, before);
  });

  it('shows descriptions of properties as comments, in and out', () => {
    const schema = (name: string, description: string) => ({
      properties: { [name]: { ...string, description } },
      required: [name],
    });
    const definition = tool('weather', {
      inputSchema: schema('city', 'Where.\nIn English.'),
      outputSchema: schema('sky', 'What it looks like.'),
    });
    assert.equal(
      code(declareTool(definition)),
      `declare const tools: { weather(args: {
  // Where.
  // In English.
  city: string;
}): Promise<{
  // What it looks like.
  sky: string;
}>; };`,
    );
  });

  it('declares unknown for what has no schema', () => {
    assert.equal(
      code(declareTool(tool('a'))),
      'declare const tools: { a(args: unknown): Promise<unknown>; };',
    );
  });

  it('gives freeform tools a text', () => {
    const definition = tool('apply_patch', { kind: 'freeform', inputSchema: { type: 'object' } });
    assert.equal(
      code(declareTool(definition)),
      'declare const tools: { apply_patch(input: string): Promise<unknown>; };',
    );
    const toolName = { name: 'apply_patch', namespace: 'editor' };
    const inEditor = tool('editor__apply_patch', { kind: 'freeform', toolName });
    assert.equal(
      code(declareTool(inEditor)),
      'declare const tools: { editor__apply_patch(input: string): Promise<unknown>; };',
    );
  });

  it('writes no declaration for the tools that run programs', () => {
    const outputSchema = mcpSchema();
    assert.equal(declareTool(tool('exec', { kind: 'freeform' })), 'Runs exec.');
    assert.equal(declareTool(tool('wait', { outputSchema })), 'Runs wait.');
  });

  it('puts the text of the namespace first', () => {
    const plain = declareTool(tool('a'));
    assert.equal(declareTool(tool('a'), { namespaceText: 'About a.' }), `About a.\n\n${plain}`);
    assert.equal(declareTool(tool('a'), { namespaceText: ' ' }), plain);
  });

  it('begins with the declaration if there is no description', () => {
    assert.ok(declareTool(tool('a', { description: '' })).startsWith('exec tool declaration:\n'));
  });

  it('limits the type of the argument, not that of the result', () => {
    const schema = { enum: ['a', 'b'] };
    const definition = tool('a', { inputSchema: schema, outputSchema: schema });
    const type = '"a" | "b"';
    const declared = (input: string) =>
      `declare const tools: { a(args: ${input}): Promise<${type}>; };`;
    assert.equal(code(declareTool(definition, { maxInputBytes: 9 })), declared(type));
    assert.equal(code(declareTool(definition, { maxInputBytes: 8 })), declared('unknown'));
    const large = { const: 'a'.repeat(16_000) };
    const line = code(declareTool(tool('a', { inputSchema: large, outputSchema: large })));
    assert.equal(line, 'declare const tools: { a(args: unknown): Promise<unknown>; };');
  });
});

describe('Results of MCP tools', () => {
  function result(outputSchema: unknown): string {
    const line = code(declareTool(tool('a', { outputSchema })));
    return line.slice('declare const tools: { a(args: unknown): Promise<'.length, -'>; };'.length);
  }

  it('are named, with the type of their structured content if it is known', () => {
    assert.equal(result(mcpSchema()), 'CallToolResult');
    assert.equal(result(mcpSchema(true)), 'CallToolResult');
    assert.equal(result(mcpSchema({ title: 'Any' })), 'CallToolResult');
    assert.equal(result(mcpSchema(string)), 'CallToolResult<string>');
    assert.equal(result(mcpSchema(false)), 'CallToolResult<never>');
  });

  it('can refer to definitions of the whole schema', () => {
    const item = {
      type: 'object',
      properties: { score: { type: 'number' }, id: string },
      required: ['id', 'score'],
    };
    const structured = {
      type: 'object',
      properties: { results: { type: 'array', items: { $ref: '#/$defs/search~1item' } } },
      required: ['results'],
    };
    const type = 'CallToolResult<{ results: Array<{ id: string; score: number; }>; }>';
    const $defs = { 'search/item': item };
    assert.equal(result(mcpSchema(structured, { $defs })), type);
    assert.equal(result(mcpSchema({ ...structured, $defs })), type);
    assert.equal(result(mcpSchema({ ...structured, $defs, $id: 'https://x/' })), type);
    const from = '#/properties/structuredContent/$defs/search~1item';
    const items = { type: 'array', items: { $ref: from } };
    const rewritten = { ...structured, properties: { results: items }, $defs };
    assert.equal(result(mcpSchema(rewritten)), type);
  });

  it('refer to their structured content if they refer to the whole', () => {
    const structured = { properties: { next: { $ref: '#' } } };
    assert.equal(
      result(mcpSchema(structured)),
      'CallToolResult<{ next?: { next?: { next?: unknown; }; }; }>',
    );
  });

  it('are distinguished from other objects', () => {
    const { properties } = mcpSchema();
    const { content, isError, _meta } = properties;
    for (const schema of [
      { ...mcpSchema(), type: 'array' },
      { type: 'object' },
      { type: 'object', properties: { content, isError } },
      { type: 'object', properties: { content, _meta } },
      { type: 'object', properties: { isError, _meta } },
      { type: 'object', properties: { ...properties, isError: string } },
      { type: 'object', properties: { ...properties, _meta: true } },
      { type: 'object', properties: { ...properties, content: { type: 'array', items: string } } },
      { type: 'object', properties: { ...properties, content: { items: { type: 'object' } } } },
    ]) {
      assert.doesNotMatch(result(schema), /CallToolResult/);
    }
  });
});

describe('sharedMcpTypes', () => {
  it('is TypeScript that declares the result type', () => {
    assert.equal(
      stripTypeScriptTypes(sharedMcpTypes)
        .replaceAll(/\/\/.*/g, '')
        .trim(),
      '',
    );
    assert.match(sharedMcpTypes, /^type CallToolResult<T = unknown> = \{/m);
  });

  it('declares every type it names', () => {
    const declared = [...sharedMcpTypes.matchAll(/^type (\w+)/gm)].map(([, name]) => name);
    const named = sharedMcpTypes.replaceAll(/"[^"]*"|\/\/.*/g, '').matchAll(/\b[A-Z]\w+\b/g);
    for (const [name] of named) assert.ok(declared.includes(name), name);
  });
});

describe('Any definition', () => {
  const keys = fc.constantFrom(
    'type',
    'properties',
    'content',
    'isError',
    '_meta',
    'items',
    '$ref',
  );
  const schema = fc.oneof(
    fc.anything({ key: keys, maxDepth: 4, withBigInt: true, withNullPrototype: true }),
    fc.jsonValue().map((value) => mcpSchema({ const: value })),
  );
  const definition = fc.record({
    name: fc.string({ unit: 'binary' }),
    description: fc.string(),
    kind: fc.constantFrom('function', 'freeform'),
    inputSchema: schema,
    outputSchema: schema,
  });

  it('gives a declaration in valid syntax', () => {
    fc.assert(
      fc.property(definition, (given) => {
        fc.pre(given.name !== 'exec' && given.name !== 'wait');
        assert.equal(stripTypeScriptTypes(code(declareTool(given))).trim(), '');
        assert.ok(describeTools([given]).endsWith(declareTool(given)));
      }),
      { numRuns: 500 },
    );
  });

  it('survives schemas that throw', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const outputSchemas = [
      proxy,
      { type: 'object', properties: proxy },
      mcpSchema(proxy),
      Object.defineProperty({}, 'type', {
        get() {
          throw new Error('Not this');
        },
      }),
    ];
    for (const outputSchema of outputSchemas) {
      const text = describeTools([tool('a', { inputSchema: proxy, outputSchema })]);
      assert.match(text, /a\(args: unknown\): Promise<(unknown|CallToolResult)>/);
    }
  });
});
