import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withToolHint } from '../../../sandbox/isolate/tool-hint.ts';

const missing = (name: string) => `TypeError: tools.${name} is not a function\n    at x:1:1`;
const TOOLS = ['readFile', 'write_file', 'mcp__srv__get_thing', '$'];

describe('withToolHint', () => {
  const MEANT: Readonly<Record<string, string>> = {
    readfile: 'readFile',
    read_file: 'readFile',
    readFiles: 'readFile',
    writeFile: 'write_file',
    wrte_file: 'write_file',
    mcp__srv__getThing: 'mcp__srv__get_thing',
    mcp_srv_get_thing: 'mcp__srv__get_thing',
  };
  for (const [wanted, meant] of Object.entries(MEANT)) {
    it(`thinks that ${wanted} means ${meant}`, () => {
      const text = withToolHint(missing(wanted), TOOLS);
      const [first, second] = text.split('\n');
      assert.equal(
        first,
        `TypeError: tools.${wanted} is not a function (did you mean tools.${meant}?)`,
      );
      assert.equal(second, '    at x:1:1');
    });
  }

  it('says nothing where no tool resembles the name, or where there are none', () => {
    assert.equal(withToolHint(missing('zebra'), TOOLS), missing('zebra'));
    assert.equal(withToolHint(missing('readFile'), []), missing('readFile'));
  });

  it('says nothing of a tool that exists, or of other texts', () => {
    for (const text of [
      missing('readFile'),
      'TypeError: x.readfile is not a function',
      ' TypeError: tools.readfile is not a function',
      'Error: TypeError: tools.readfile is not a function',
      'TypeError: tools.readfile.x is not a function',
      '',
    ]) {
      assert.equal(withToolHint(text, TOOLS), text);
    }
  });

  it('takes the nearest of several, the first of equals', () => {
    assert.match(withToolHint(missing('abcd'), ['abxy', 'abce', 'abcf']), /tools\.abce\?/);
  });

  it('reads names with a dollar sign as they are', () => {
    assert.match(withToolHint(missing('a$$b'), ['a$b']), /tools\.a\$b\?/);
  });

  it('costs little where a program makes up a name of a million characters', () => {
    const tools = Array.from(
      { length: 500 },
      (_, n) => `${'some_tool_of_a_server_'.repeat(3)}${n}`,
    );
    const startedMs = performance.now();
    withToolHint(missing('a'.repeat(1_000_000)), tools);
    const ms = performance.now() - startedMs;
    assert.ok(ms < 3_000, `${Math.round(ms)} ms`);
  });
});
