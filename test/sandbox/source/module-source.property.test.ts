import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Script } from 'node:vm';
import fc from 'fast-check';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { checkSyntax } from '../../../sandbox/isolate/check-syntax.ts';
import { prepareModule } from '../../../sandbox/source/module-source.ts';
import { runCell } from '../../support/finished-cell.ts';

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

/** What the sandbox makes of a body, but only compiled. */
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

  it('never throws, and what it lets through compiles: soup of words', () => {
    const soup = fc.array(fc.constantFrom(...TOKENS), { maxLength: 8 });
    fc.assert(
      fc.property(soup, fc.constantFrom('', ' '), (tokens, glue) => compile(tokens.join(glue))),
      { numRuns: 20_000 },
    );
  });

  it('never throws, and what it lets through compiles: any ASCII text', () => {
    const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 200 });
    fc.assert(fc.property(ascii, compile), { numRuns: 2_000 });
  });

  it('makes every text a program that ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 50 }), async (source) => {
        const { failure } = await runCell(sandbox, source);
        assert.ok(failure === null || ['syntax', 'exception'].includes(failure.kind));
      }),
      { numRuns: 500, endOnFailure: true },
    );
  });

  it('never throws, and what it lets through compiles: sources with a piece cut out', () => {
    const source = STATEMENTS.map((text, n) => text.replaceAll('NAME', `n${n}`)).join('\n');
    fc.assert(
      fc.property(fc.nat(source.length), fc.nat(60), (from, length) =>
        compile(source.slice(0, from) + source.slice(from + length)),
      ),
      { numRuns: 1_000 },
    );
  });
});
