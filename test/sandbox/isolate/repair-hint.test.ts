import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { runCell } from '../../support/finished-cell.ts';

describe('The hint of a failure', { timeout: 60_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());
  const textOf = async (source: string, toolErrors: 'error' | 'string' = 'error') => {
    const options = { tools: [{ name: 'gh.list-issues', description: '' }] };
    const { failure } = await runCell(sandbox, source, { options, toolErrors });
    return failure?.text ?? '';
  };

  const HINTS: Readonly<Record<string, RegExp>> = {
    "await fetch('http://x')":
      /^ReferenceError: fetch .*\n.*\nHint: cells have no network; call a tool$/,
    "const fs = require('fs')": /\nHint: cells have no modules; call a tool$/,
    'text(process.env.HOME)': /\nHint: cells do not run in Node\.js; call a tool$/,
    'console.log(1)': /\nHint: show values with text\(value\)$/,
    'const a: number = 1;\nreturn a': /:2:1\nHint: a cell is a module; show its result with text/,
    'return 1': /^SyntaxError: Illegal return statement\n.*\nHint: a cell is a module/,
    '```js\ntext(1)\n```': /\nHint: send the program alone, without code fences$/,
    '\n```\ntext(1);\n```\n': /\nHint: send the program alone, without code fences$/,
    "import fs from 'node:fs'": /^Unsupported import.*\nHint: cells have no modules; call a tool$/,
    'enum E { A }': /\nHint: cells run TypeScript whose types can be erased; write const objects/,
    'namespace N { export const a = 1 }': /\nHint: .*types can be erased/,
    'class A { constructor(private x: number) {} }': /\nHint: .*assign fields in constructors/,
    'const x = 1;\n  @sealed class A {}': /\nHint: cells have no decorators; call the function/,
  };
  for (const [source, hint] of Object.entries(HINTS)) {
    it(`says what to write instead: ${source}`, async () => {
      const text = await textOf(source);
      assert.match(text, hint);
      assert.equal(text.split('Hint:').length, 2);
      assert.doesNotMatch(await textOf(source, 'string'), /Hint/);
    });
  }

  it('names the tool whose name is not an identifier', async () => {
    const source = `await tools['gh.list-issues']({})`;
    const first = (text: string) => text.split('\n')[0];
    const plain = 'TypeError: tools.gh.list-issues is not a function';
    assert.equal(first(await textOf(source)), `${plain} (did you mean tools.gh_list_issues?)`);
    assert.equal(first(await textOf(source, 'string')), plain);
  });

  for (const source of [
    'throw new Error("fetch is not defined")',
    'text(fetchAll)',
    'let x = ;',
    'text(`',
  ]) {
    it(`is not given for other failures: ${source}`, async () => {
      assert.doesNotMatch(await textOf(source), /Hint/);
    });
  }
});
