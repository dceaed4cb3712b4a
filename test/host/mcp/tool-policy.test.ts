import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMcpConfig } from '../../../host/mcp/mcp-config.ts';
import { ruleFor } from '../../../host/mcp/tool-policy.ts';

const parse = (tools: unknown) =>
  parseMcpConfig({ mcpServers: { a: { command: 'x', tools } } }, 'mcp.json');

describe('ruleFor', () => {
  it('allows everything unasked without a policy', () => {
    assert.deepEqual(ruleFor(undefined, 'x'), {
      isAllowed: true,
      mustAsk: false,
      isDirect: false,
    });
  });

  it('allows what is named, and denies what is named', () => {
    assert.equal(ruleFor({ allow: ['x'] }, 'y').isAllowed, false);
    assert.equal(ruleFor({ deny: ['x'] }, 'x').isAllowed, false);
    assert.equal(ruleFor({ deny: ['x'] }, 'y').isAllowed, true);
    assert.equal(ruleFor({ allow: ['*'], deny: ['x'] }, 'x').isAllowed, false);
    assert.equal(ruleFor({ allow: ['x'], deny: ['*'] }, 'x').isAllowed, true);
    assert.equal(ruleFor({ allow: ['x'], deny: ['*'] }, 'y').isAllowed, false);
  });

  it('asks for and lists directly what is named, or all', () => {
    assert.equal(ruleFor({ ask: ['x'] }, 'x').mustAsk, true);
    assert.equal(ruleFor({ ask: ['*'] }, 'x').mustAsk, true);
    assert.equal(ruleFor({ direct: ['*'] }, 'x').isDirect, true);
    assert.equal(ruleFor({ direct: ['*'], deny: ['x'] }, 'x').isDirect, false);
  });
});

describe('A policy in a configuration', () => {
  it('is read', () => {
    const tools = { allow: ['a'], deny: ['b'], ask: ['a'], direct: ['*'] };
    assert.deepEqual(parse(tools).mcpServers.a?.tools, tools);
  });

  it('is refused with the path of what is wrong', () => {
    const refused: readonly (readonly [unknown, RegExp])[] = [
      [{ alow: ['x'] }, /mcpServers\.a\.tools: .*alow/],
      [{ allow: 'x' }, /mcpServers\.a\.tools\.allow: /],
      [{ allow: [''] }, /mcpServers\.a\.tools\.allow\[0\]: must not be empty/],
      [
        { allow: ['y', 'x'], deny: ['x'] },
        /mcpServers\.a\.tools\.allow\[1\]: "x" is in `deny`, too/,
      ],
      [{ ask: ['x'], deny: ['x'] }, /mcpServers\.a\.tools\.ask\[0\]: "x" is in `deny`, too/],
    ];
    for (const [tools, message] of refused) {
      assert.throws(() => parse(tools), { code: 'invalid_config', message });
    }
  });
});
