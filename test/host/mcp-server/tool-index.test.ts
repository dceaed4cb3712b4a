import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ToolIndex } from '../../../host/mcp-server/tool-index.ts';
import type { ToolDefinition } from '../../../src/tools.ts';

const TOOLS: readonly ToolDefinition[] = [
  { name: 'gh__list-issues', description: 'Lists the issues of a repository.' },
  { name: 'gh__createIssue', description: 'Opens a new issue.' },
  {
    name: 'fs__read',
    description: 'Reads a file.',
    inputSchema: { type: 'object', properties: { encoding: { type: 'string' } } },
  },
];

async function names(query: string, limit = 8): Promise<readonly string[]> {
  return (await new ToolIndex(TOOLS).search(query, limit)).map(({ name }) => name);
}

describe('ToolIndex', () => {
  it('finds by words of names, descriptions and arguments', async () => {
    assert.deepEqual(await names('repository'), ['gh__list_issues']);
    assert.deepEqual(await names('encoding'), ['fs__read']);
    assert.deepEqual(await names('create'), ['gh__createIssue']);
  });

  it('forgives cases, beginnings and small mistakes', async () => {
    assert.deepEqual(await names('REPOSITRY'), ['gh__list_issues']);
    assert.deepEqual(await names('enco'), ['fs__read']);
  });

  it('ranks names above descriptions, and returns no more than asked', async () => {
    assert.equal((await names('list issues'))[0], 'gh__list_issues');
    assert.equal((await names('issue', 1)).length, 1);
    assert.deepEqual(await names('issue', 0), []);
    assert.deepEqual(await names(''), []);
  });

  it('finds a tool by the name of programs or of its server', () => {
    const index = new ToolIndex(TOOLS);
    assert.equal(index.find('gh__list_issues'), TOOLS[0]);
    assert.equal(index.find('gh__list-issues'), TOOLS[0]);
    assert.equal(index.find('gh__list'), undefined);
  });

  it('indexes 3,000 tools', async () => {
    const many = Array.from({ length: 3000 }, (_, at) => ({
      name: `tool_${at}`,
      description: `Does thing number ${at}.`,
    }));
    const [first] = await new ToolIndex(many).search('2999', 8);
    assert.equal(first?.name, 'tool_2999');
  });
});
