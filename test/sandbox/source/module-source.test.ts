import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import ivm from 'isolated-vm';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { syntaxCheckIn } from '../../../sandbox/isolate/check-syntax.ts';
import { loadEditor, prepareModule } from '../../../sandbox/source/module-source.ts';
import { runCell } from '../../support/finished-cell.ts';

await loadEditor();
const checkSyntax = syntaxCheckIn(new ivm.Isolate({ memoryLimit: 128 }));

const failureOf = (source: string) => {
  const prepared = prepareModule(source, checkSyntax);
  assert.ok(!prepared.ok, source.slice(0, 100));
  return prepared.failure;
};

/** Sources that mean something in a module only, and what they show. */
const MEANINGS: Readonly<Record<string, readonly [source: string, texts: readonly string[]]>> = {
  'types of every kind': [
    `interface A { a: number } type B<T> = T | null; declare const gone: string;
    abstract class C<T> implements A { a!: number; declare b: string; readonly c: B<T> = null; constructor(x?: T) {} method(this: C<T>): void {} }
    const f = <T,>(x: T): x is NonNullable<T> => x != null; let v = <const T,>(x: T) => x satisfies unknown;
    function over(a: string): void; function over(a: number): void; function over(a: unknown) { text(String(a!)) }
    over('typed'); text(new C<string>().c as unknown as string);
    import type { D } from 'd'; export type { D }; export type E = D;`,
    ['typed', 'null'],
  ],
  'a comment with a directive inside what is taken away': [
    'export /*# sourceURL=x */ default text(1);',
    ['1'],
  ],
  'a comment inside what is taken away that would end the program early': [
    `export /*# sourceURL=>0;}catch{}}, text('escaped'), async()=>{try{//*/ default text(1);`,
    ['1'],
  ],
  'a variable by the name of of': [
    `for (const of of [1]) text(of); for await (const a of [2]) text(a);
    let of = 3, a
    of = 4; text(of); text(a)`,
    ['1', '2', '4', 'undefined'],
  ],
  'this, which is undefined': [
    'text(this === undefined); text((() => this)() === undefined)',
    ['true', 'true'],
  ],
  'arguments, which do not exist': [
    `try { arguments } catch (e) { text(e.name) }
    text((() => { try { return arguments.length } catch (e) { return e.name } })());
    text(typeof arguments); (function () { text(arguments.length) })(1, 2);
    class A { x = (function () { return arguments.length })(); y(...a) { return arguments.length } } text(new A().y(1));
    text({ arguments: 1 }.arguments);`,
    ['ReferenceError', 'ReferenceError', 'undefined', '2', '1', '1'],
  ],
  'arguments in an eval, which do not exist either': [
    `try { text(typeof eval('arguments')) } catch (e) { text(e.name) }`,
    ['ReferenceError'],
  ],
  'an arguments shorthand': [
    `try { ({ arguments }) } catch (e) { text(e.name) }`,
    ['ReferenceError'],
  ],
  'import.meta, which is empty': [
    `text(Object.keys(import.meta)); text(Object.getPrototypeOf(import.meta)); import.meta.x = 1;
    text(import.meta.x); text(import . meta === import/* */.meta);`,
    ['[]', 'null', '1', 'true'],
  ],
  'import(), which is refused': [
    `for (const make of [() => import('node:fs'), () => import('./a.js', { with: { type: 'json' } }), () => import  ('x')])
      try { await make() } catch (e) { text(e.message) }
    text(import('x') instanceof Promise); import('y').catch(() => {});`,
    [...new Array(3).fill('unsupported import in exec'), 'true'],
  ],
  'strict mode, said or not': [
    `'use strict';\ntry { undeclared = 1 } catch (e) { text(e.name) }`,
    ['ReferenceError'],
  ],
  'strict mode that is not said': [
    `try { undeclared = 1 } catch (e) { text(e.name) }`,
    ['ReferenceError'],
  ],
  'a hashbang': ['#!/usr/bin/env node\ntext(1)', ['1']],
  'exports of declarations': [
    `export const a = 1, [b] = [2]; export let c; export var d = 4; export function e() { return 5 }
    export async function f() {} export class G {} export function* h() {}
    text([a, b, c, d, e(), typeof f, typeof G, typeof h]);`,
    ['[1,2,null,4,5,"function","function","function"]'],
  ],
  'exports in braces': [
    `const a = 1; export { a, a as b, a as default, a as 'any name' }; export {}; text(a)`,
    ['1'],
  ],
  'exports in braces without semicolons': [`let a = 1\nexport { a }\n(text)(a)`, ['1']],
  'the export of a named function before it stands': [
    `text(f()); export default function f() { return 1 }`,
    ['1'],
  ],
  'the export of a class': [`export default class A { static a = 1 } text(A.a)`, ['1']],
  'the export of what has no name': [`export default function () {}\ntext(1)`, ['1']],
  'the export of a class that has no name': [`export default class {}\ntext(1)`, ['1']],
  'the export of an arrow function': [`export default async (a) => a\ntext(1)`, ['1']],
  'the export of an expression': [`export default text(1)`, ['1']],
  'the export of an expression in parentheses': [`export default (text(1))`, ['1']],
  'the export of an expression in parentheses with more behind': [
    `export default (text(1), 2).x\n;text(3)`,
    ['1', '3'],
  ],
  'the export of a function in parentheses': [`export default (() => 1); text(1)`, ['1']],
  'the export of an object': [`export default { a: text(1) }; text(2)`, ['1', '2']],
  'the export of a sequence of lines': [`export default [\n1,\ntext(1)\n]\ntext(2)`, ['1', '2']],
  'declarations that are disposed of': [
    `{ using a = { [Symbol.dispose]() { text('a') } }; await using b = { [Symbol.asyncDispose]() { text('b') } }; }`,
    ['b', 'a'],
  ],
  'top-level await in every place': [
    `for await (const x of [1]) text(x); const { a = await 2 } = {}; text(a); text(\`\${await 3}\`);
    class A { [await 'm']() { return 4 } } text(new A().m()); export const z = await 5; text(z);`,
    ['1', '2', '3', '4', '5'],
  ],
  'names that look like those used inside': [
    `const $0$$$$$$$$$ = 1, $0$$$$ = 2, $1$$$$ = 3; text($0$$$$$$$$$ + $0$$$$ + $1$$$$);
    text(typeof import.meta); try { await import('x') } catch (e) { text(e.message) }`,
    ['6', 'object', 'unsupported import in exec'],
  ],
  'text that looks like what is rewritten': [
    "text(/import.meta/.source); text(`export default ${'arguments'}`); a: for (;;) break a;",
    ['import.meta', 'export default arguments'],
  ],
  'line ends of every kind': ['text(1)\r\ntext(2)\u2028text(3)\rtext(4)', ['1', '2', '3', '4']],
  'text that looks like HTML comments': [
    `text('<!--'); text(/-->/.source); let a = 1; text(a --> 0)`,
    ['<!--', '-->', 'true'],
  ],
  'comments that would rename the file': [
    `//# sourceURL=/etc/passwd\n/*# sourceMappingURL=x */\n//@ sourceURL=evil.js\ntext(/exec_main\\.mjs:4/.test(new Error('a').stack))`,
    ['true'],
  ],
};

/** Sources that V8 and the parser might take differently: each must fail as a syntax error. */
const REFUSED: readonly string[] = [
  '}); evil(); (async () => {',
  '} text(1); {',
  ')} text(1)',
  '*/ text(1) /*',
  '`',
  "'",
  'return 1',
  'new.target',
  'super.x',
  'await',
  'yield 1; let yield = 1',
  'let await = 1',
  'let arguments = 1',
  'eval = 1',
  'delete x; let x',
  'with ({}) {}',
  '010',
  'a <!-- b',
  '<!-- comment',
  '\n--> comment',
  'break',
  'export { nothing }',
  'export default 1; export default 2',
  'let a; let a',
  'function f() {} function f() {}',
  'import a from "b" import',
  'import.metá',
  'import.target',
  'import()',
  'new import("a")',
  'import = 1',
  '#a',
  'class A { #a; #a }',
  '({}).#a',
  '/(/',
  '/(?<a>.)(?<a>.)/',
  '/a/gg',
  '"\\08"',
  '`\\u{}`',
  '1_000_',
  'a?.b = 1',
  'for (let of []) ;',
  'const a\nof',
  'export const a\nof = 1',
  'let of; const { a } = {}, b\nof',
  'async () => { for await (x in y); }',
  'label: function* g() {}',
  'if (1) function f() {}',
  'using x = null',
  '\\u0061wait 1',
  'class A extends B { constructor() { super(); } static { await 1 } }',
  '({ a: 1, ...{}, get a() {}, __proto__: 1, __proto__: 2 })',
];

describe('The source of a module', { timeout: 120_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());

  for (const [what, [source, want]] of Object.entries(MEANINGS)) {
    it(`keeps its meaning: ${what}`, async () => {
      const { texts, failure } = await runCell(sandbox, source);
      assert.equal(failure, null);
      assert.deepEqual(texts, want);
    });
  }

  for (const source of REFUSED.filter((one) => one !== 'using x = null')) {
    it(`is refused with a line and a column: ${JSON.stringify(source)}`, async () => {
      const { failure, texts } = await runCell(sandbox, source);
      assert.equal(failure?.kind, 'syntax');
      assert.ok(failure.line !== undefined && failure.column !== undefined);
      assert.ok(failure.line >= 1 && failure.column >= 1);
      assert.deepEqual(texts, []);
    });
  }

  const IMPORTS: Readonly<Record<string, string>> = {
    'import "a"': 'a',
    'import a from "node:fs"; import b from "b"': 'node:fs',
    'import * as a from "a b"': 'a b',
    'import { a as b } from "./x.js"': './x.js',
    'import a from "a" with { type: "json" }': 'a',
    'text(1); export * from "late"': 'late',
    'export * as a from "all"': 'all',
    'export { a } from "some"': 'some',
    'import type { A } from "types"; import { b } from "values"': 'values',
    'import a, { type B } from "mixed"': 'mixed',
  };
  for (const [source, specifier] of Object.entries(IMPORTS)) {
    it(`is refused if it imports: ${source}`, () => {
      const text = `Unsupported import in exec: ${specifier}`;
      assert.deepEqual(failureOf(source), { kind: 'syntax', text });
    });
  }

  const PLACES: Readonly<Record<string, readonly [source: string, line: number, column: number]>> =
    {
      'broken JavaScript': ['let a = 1;\nlet b = ;', 2, 9],
      'broken TypeScript': ['let a: number = 1;\nlet b: string = ;', 2, 17],
      'a broken type': ['let a: = 1', 1, 8],
      'a duplicate in TypeScript': ['let a: number;\nlet a: string;', 2, 5],
      'an enum': ['let a: number;\nexport enum E { A }', 2, 8],
      'a const enum': ['  const enum E { A }', 1, 3],
      'a namespace': ['\nnamespace N { text(1) }', 2, 1],
      'a parameter property': ['class A { constructor(public a: string) {} }', 1, 30],
      'an import alias': ['import a = b.c;', 1, 1],
      'an enum in what is broken further down': ['enum E { A }\nlet b = ;', 2, 9],
      'an enum in what is broken further up': ['let b = ;\nenum E { A }', 1, 9],
    };
  for (const [what, [source, line, column]] of Object.entries(PLACES)) {
    it(`is refused at the position of its error: ${what}`, () => {
      const failure = failureOf(source);
      assert.equal(failure.kind, 'syntax');
      assert.deepEqual([failure.line, failure.column], [line, column], failure.text);
      assert.ok(failure.text.endsWith(`\n    at exec_main.mjs:${line}:${column}`));
    });
  }

  it('names what cannot be erased', () => {
    for (const [source, name] of [
      ['enum E {}', 'enum'],
      ['namespace N { text(1) }', 'namespace'],
      ['class A { constructor(private a) {} }', 'parameter property'],
    ] as const) {
      assert.match(failureOf(source).text, new RegExp(name, 'i'));
    }
  });

  for (const start of [
    '',
    'export default 1;',
    'export default\n  1;\n',
    'export default // why\n\n\n 1;\n',
    'export default/*\n*/1;\n',
    'export { }; export const a = 1; ',
    'export default async function () {}\n',
    'let a: number = 1; let b = a as unknown as string; ',
    'import.meta; typeof arguments; ',
    'import . meta; import\u0020/* a */.meta; ',
    '//# sourceURL=x\n',
    'interface A {\n  a: number;\n}\n',
    '/* \u2028 */ ',
  ]) {
    it(`keeps its lines and columns after ${JSON.stringify(start)}`, async () => {
      const lines = start.split(/[\n\u2028]/);
      const column = (lines.at(-1)?.length ?? 0) + 'throw '.length + 1;
      const { failure } = await runCell(sandbox, `${start}throw new Error('here')`);
      const place = `exec_main.mjs:${lines.length}:${column}`;
      assert.equal(failure?.text, `Error: here\n    at ${place}`);
    });
  }
});
