import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Script } from 'node:vm';
import fc from 'fast-check';
import ivm from 'isolated-vm';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { syntaxCheckIn } from '../../../sandbox/isolate/check-syntax.ts';
import { loadEditor, prepareModule } from '../../../sandbox/source/module-source.ts';
import { runCell } from '../../support/finished-cell.ts';

await loadEditor();
const checkSyntax = syntaxCheckIn(new ivm.Isolate({ memoryLimit: 128 }));

const STATEMENTS = [
  'const NAME = 1;',
  'let NAME: number = 1;',
  'export const NAME = [1, 2];',
  'export function NAME(a?: string): void {}',
  'export class NAME<T> { a!: T }',
  'type NAME = { a: number;\n  b: string };',
  'interface NAME {\n  a(): void\n}',
  'const NAME = `a\n${1}\n`;',
  '/* export default\n import.meta */',
  '// arguments',
  '//# sourceURL=NAME.js',
  'void import.meta;',
  "import('NAME').catch(() => {});",
  'function NAME() { return arguments.length }',
  'if (typeof arguments !== "undefined") text(1);',
  'for (const NAME of [1]) { await NAME }',
  'const NAME = <T,>(x: T) => x as unknown;',
  'export {};',
  '"<!-- NAME -->";',
  'label: { break label }',
];

const TOKENS = [
  ...['{', '}', '(', ')', '[', ']', ';', ',', '=>', '=', '+', '-->', '<!--', '`', '${', "'", '"'],
  ...['/', '//', '/*', '*/', '#', '#!', '@', '?.', '...', ':', '<', '>', '\n', '\u2028', '\\', '!'],
  ...[
    'a',
    'b',
    '1',
    '$0$$$$',
    'await',
    'async',
    'function',
    'class',
    'export',
    'default',
    'import',
  ],
  ...['meta', '.', 'from', 'as', 'let', 'const', 'using', 'return', 'yield', 'arguments', 'this'],
  ...[
    'eval',
    'static',
    'get',
    'enum',
    'type',
    'of',
    'in',
    'for',
    'if',
    'else',
    "'use strict'",
    '"x"',
  ],
];

/** Statements with gaps between their tokens. The wave is a gap in which no line may end. */
const SPACED = [
  'export default 1 ;',
  'export default function ( ) { }',
  'export default class { }',
  'export default async~function name ( ) { }',
  'export default ( ) => 1 ;',
  'export const a = [ 1 ] ;',
  'export async~function f ( ) { await 1 }',
  'export class C { static x = this }',
  'export { } ;',
  'const b = 1 ; export { b as c , b as default } ;',
  'void import . meta ;',
  'import ( "x" ) . catch ( ( ) => { } ) ;',
  'void this ;',
];

/** What may lie between two tokens. The first ones tried to end the wrapper of a program. */
const GAPS = [
  '/*# sourceURL=>0;}catch{}}, text("escaped"), async()=>{try{//*/',
  '/*# sourceURL=*//*@ sourceMappingURL=`//*/',
  '//# sourceURL=}catch{}},0,()=>{{//\n',
  '/*# sourceURL=x */',
  '/*\n# sourceURL=y\n*/',
  '/* default */',
  '// default\n',
  '/*\u2028*/',
  '\n',
  ' ',
];

const LINE_END = /\r\n|[\n\r\u2028\u2029]/;
const AsyncFunction = (async () => {}).constructor as FunctionConstructor;

/** A module of such statements, with something else in every gap. */
const commented = fc
  .array(
    fc.tuple(fc.constantFrom(...SPACED), fc.array(fc.constantFrom(...GAPS), { minLength: 1 })),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  .map((statements) =>
    statements
      .map(([text, gaps]) => {
        let n = 0;
        return text.replaceAll(' ', () => gaps[n++ % gaps.length]!).replace('~', ' ');
      })
      .join('\n'),
  );

/** Compiles a body as the sandbox would, without running it. */
function compile(source: string): void {
  const prepared = prepareModule(source, checkSyntax);
  if (!prepared.ok) {
    assert.equal(prepared.failure.kind, 'syntax');
    return;
  }
  const { metaName, loadName, thisName, body } = prepared;
  const hidden = `${metaName}, ${loadName}, ${thisName}`;
  assert.doesNotThrow(
    () => new Script(`'use strict';(async (${hidden}) => { try {\n${body}\n} catch {} });`),
    JSON.stringify(source),
  );
}

describe('prepareModule (property)', { timeout: 120_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());

  it('keeps every statement at its line and column', async () => {
    const piece = fc.tuple(
      fc.constantFrom(...STATEMENTS),
      fc.constantFrom('\n', '\n\n', '\r\n', '\n  ', '\n\t'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.nat(12), async (pieces, where) => {
        const parts = pieces.map(([text, end], n) => text.replaceAll('NAME', `n${n}`) + end);
        const at = Math.min(where, parts.length);
        const before = parts.slice(0, at).join('');
        const source = `${before}throw new Error('here');\n${parts.slice(at).join('')}`;
        const lines = before.split(/\r\n|[\n\r\u2028]/);
        const column = (lines.at(-1)?.length ?? 0) + 'throw '.length + 1;
        const { failure } = await runCell(sandbox, source);
        assert.equal(failure?.text, `Error: here\n    at exec_main.mjs:${lines.length}:${column}`);
      }),
      { numRuns: 200 },
    );
  });

  it('reads comments in every gap as V8 does, and lets no code escape its function', () => {
    fc.assert(
      fc.property(commented, (source) => {
        const prepared = prepareModule(source, checkSyntax);
        assert.equal(prepared.ok, checkSyntax(source) === null, source);
        if (!prepared.ok) return;
        const { metaName, loadName, thisName, body } = prepared;
        assert.doesNotThrow(
          () => new AsyncFunction(metaName, loadName, thisName, `'use strict';\n${body}`),
          body,
        );
        assert.equal(body.split(LINE_END).length, source.split(LINE_END).length, source);
      }),
      { numRuns: 3_000 },
    );
  });

  it('runs modules with comments in every gap', async () => {
    await fc.assert(
      fc.asyncProperty(commented, async (source) => {
        if (checkSyntax(`${source}\n;text('end')`) !== null) return;
        const { failure, texts } = await runCell(sandbox, `${source}\n;text('end')`);
        assert.deepEqual([failure, texts], [null, ['end']], source);
      }),
      { numRuns: 200 },
    );
  });

  it('never throws, and what it accepts compiles: random words', () => {
    const soup = fc.array(fc.constantFrom(...TOKENS), { maxLength: 8 });
    fc.assert(
      fc.property(soup, fc.constantFrom('', ' '), (tokens, glue) => compile(tokens.join(glue))),
      { numRuns: 20_000, examples: [[['const', 'b', '\n', 'of'], ' ']] },
    );
  });

  it('never throws, and what it accepts compiles: any ASCII text', () => {
    const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 200 });
    fc.assert(fc.property(ascii, compile), { numRuns: 2_000 });
  });

  it('turns every text into a program that ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 50 }), async (source) => {
        const { failure } = await runCell(sandbox, source);
        assert.ok(failure === null || ['syntax', 'exception'].includes(failure.kind));
      }),
      { numRuns: 500, endOnFailure: true },
    );
  });

  it('never throws, and what it accepts compiles: sources with a piece cut out', () => {
    const source = STATEMENTS.map((text, n) => text.replaceAll('NAME', `n${n}`)).join('\n');
    fc.assert(
      fc.property(fc.nat(source.length), fc.nat(60), (from, length) =>
        compile(source.slice(0, from) + source.slice(from + length)),
      ),
      { numRuns: 1_000 },
    );
  });
});
