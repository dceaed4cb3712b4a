import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { stripTypes } from '../../../sandbox/source/strip-types.ts';

const run = promisify(execFile);

describe('stripTypes', () => {
  const KEPT: Readonly<Record<string, string>> = {
    'let x: number = 1;': 'let x         = 1;',
    'const f = (a?: string): void => {};': 'const f = (a         )       => {};',
    'type A = { a: 1 };\nx;': '                  \nx;',
    'a as unknown as B;\nc!;': 'a                ;\nc ;',
    'import type { A } from "a"; y': '                            y',
  };
  for (const [source, code] of Object.entries(KEPT)) {
    it(`keeps every position of ${JSON.stringify(source)}`, () => {
      assert.deepEqual(stripTypes(source), { ok: true, code });
    });
  }

  it('leaves JavaScript alone', () => {
    const source = 'const a = 1;\nawait a; // : number\n`a: number`';
    assert.deepEqual(stripTypes(source), { ok: true, code: source });
  });

  const UNSUPPORTED: Readonly<
    Record<string, readonly [source: string, line: number, column: number]>
  > = {
    enum: ['let a: number;\n  enum E { A }', 2, 3],
    namespace: ['namespace N { export const a = 1 }', 1, 1],
    'parameter property': ['class A {\n  constructor(private a: string) {}\n}', 2, 23],
    'import alias': ['\nimport a = require("a");', 2, 1],
  };
  for (const [what, [source, line, column]] of Object.entries(UNSUPPORTED)) {
    it(`reports the position of what cannot be erased: ${what}`, () => {
      const stripped = stripTypes(source);
      assert.ok(!stripped.ok && stripped.unsupported);
      assert.deepEqual([stripped.line, stripped.column], [line, column]);
    });
  }

  const BROKEN: Readonly<Record<string, readonly [source: string, line: number, column: number]>> =
    {
      'in the first line': ['let x: = 1', 1, 8],
      'in a later line': ['\n\nlet x: number = ;', 3, 17],
      'behind a tab, which is one column': ['\tlet x: = 1', 1, 9],
      'behind wide characters, which are two columns as in JavaScript': [
        '/* \u{1f30d} */ let x: = 1',
        1,
        17,
      ],
      'behind characters that take two cells': ['/* \u4f60\u597d */ let x: = 1', 1, 17],
    };
  for (const [where, [source, line, column]] of Object.entries(BROKEN)) {
    it(`reports the position of a syntax error: ${where}`, () => {
      const stripped = stripTypes(source);
      assert.ok(!stripped.ok && !stripped.unsupported);
      assert.deepEqual([stripped.line, stripped.column], [line, column]);
    });
  }

  for (const [what, make] of Object.entries({
    parentheses: `'('.repeat(100000)`,
    'exclamation marks': `'!'.repeat(500000)`,
    labels: `'a:'.repeat(100000)`,
    'nested types': `'let x: ' + 'Array<'.repeat(50000)`,
  })) {
    it(`works for the next source after one of far too many ${what}`, async () => {
      const file = JSON.stringify(
        new URL('../../../sandbox/source/strip-types.ts', import.meta.url).href,
      );
      const script = `
        import { stripTypes } from ${file};
        stripTypes(${make});
        console.log(JSON.stringify(stripTypes('let x: number = 1')));`;
      const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e'];
      const { stdout } = await run(process.execPath, [...flags, script]);
      assert.deepEqual(JSON.parse(stdout), { ok: true, code: 'let x         = 1' });
    });
  }
});
