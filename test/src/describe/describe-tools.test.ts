import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeTools, sharedMcpTypes } from '../../../src/describe/tool-declarations.ts';
import type { ToolDefinition } from '../../../src/tools.ts';
import { mcpSchema, tool } from '../../support/tool-definitions.ts';

const string = { type: 'string' };

function namespaced(namespace: string, name: string): ToolDefinition {
  return tool(`${namespace}__${name}`, { toolName: { name, namespace } });
}

function section(heading: string, name: string): string {
  return `### ${heading}\nRuns ${name}.\n\nexec tool declaration:\n\`\`\`ts\n`;
}

describe('describeTools', () => {
  it('gives each tool its heading, description and declaration', () => {
    const inputSchema = { properties: { path: string } };
    assert.equal(
      describeTools([tool('read', { inputSchema }), tool('hidden-tool')]),
      `### \`read\`
Runs read.

exec tool declaration:
\`\`\`ts
declare const tools: { read(args: { path?: string; }): Promise<unknown>; };
\`\`\`

### \`hidden_tool\` (\`hidden-tool\`)
Runs hidden-tool.

exec tool declaration:
\`\`\`ts
declare const tools: { hidden_tool(args: unknown): Promise<unknown>; };
\`\`\``,
    );
  });

  it('is empty for no tools', () => {
    assert.equal(describeTools([]), '');
    assert.equal(describeTools([tool('exec'), tool('wait')]), '');
  });

  it('lists each identifier once, the first tool that has it', () => {
    const text = describeTools([tool('a-b'), tool('a_b'), tool('a.b')]);
    assert.deepEqual(text.match(/^### .*/gm), ['### `a_b` (`a-b`)']);
  });

  it('writes the text of a namespace once, above all its tools', () => {
    const definitions = [
      namespaced('files', 'read'),
      namespaced('web', 'get'),
      namespaced('files', 'write'),
    ];
    const namespaceTexts = new Map([
      ['files', 'About files.'],
      ['web', 'About the web.'],
      ['none', 'About nothing.'],
    ]);
    const text = describeTools(definitions, { namespaceTexts });
    assert.deepEqual(text.match(/^##.*/gm), [
      '## files',
      '### `files__read`',
      '### `files__write`',
      '## web',
      '### `web__get`',
    ]);
    assert.ok(
      text.startsWith(
        `## files\nAbout files.\n\n${section('`files__read`', 'files__read')}declare const`,
      ),
    );
    assert.ok(text.includes(`\`\`\`\n\n${section('`files__write`', 'files__write')}declare const`));
    assert.ok(text.includes('```\n\n## web\nAbout the web.\n\n### `web__get`'));
  });

  it('has no heading for a namespace without text, and lists its tools before all headings', () => {
    const definitions = [
      namespaced('files', 'read'),
      namespaced('blank', 'a'),
      namespaced('functions', 'b'),
      namespaced('silent', 'c'),
      tool('d'),
    ];
    const namespaceTexts = new Map([
      ['files', 'About files.'],
      ['blank', ' \n'],
      ['functions', 'Not shown.'],
    ]);
    const headings = describeTools(definitions, { namespaceTexts }).match(/^##.*/gm);
    assert.deepEqual(headings, [
      '### `blank__a`',
      '### `functions__b`',
      '### `silent__c`',
      '### `d`',
      '## files',
      '### `files__read`',
    ]);
  });

  it('begins with the shared MCP types, once, if a tool needs them', () => {
    const needs = (name: string) => tool(name, { outputSchema: mcpSchema() });
    const text = describeTools([tool('a'), needs('b'), needs('c')]);
    const types = `Types of MCP tool results:\n\`\`\`ts\n${sharedMcpTypes}\n\`\`\``;
    assert.ok(text.startsWith(`${types}\n\n### \`a\`\n`));
    assert.equal(text.split(sharedMcpTypes).length, 2);
    assert.ok(!describeTools([tool('a')]).includes('Types of MCP'));
    assert.ok(!describeTools([tool('exec', { outputSchema: mcpSchema() })]).includes('Types of'));
    assert.equal(describeTools([], { mcpTypes: 'always' }), types);
  });

  it('does not depend on the schemas if the types are always included', () => {
    const always = { mcpTypes: 'always' } as const;
    const types = (outputSchema: unknown) =>
      describeTools([tool('a', { outputSchema })], always).split('### ')[0];
    assert.equal(types(mcpSchema()), types(string));
  });

  it('limits the types of arguments', () => {
    const text = describeTools([tool('a', { inputSchema: string })], { maxInputBytes: 5 });
    assert.match(text, /a\(args: unknown\)/);
  });
});
