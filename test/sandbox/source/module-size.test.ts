import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { runCell } from '../../support/finished-cell.ts';
import { HOST_TEXT } from '../../support/host-paths.ts';

/** Fills a source with pieces that differ. */
function filled(length: number, piece: (n: number) => string): string {
  const pieces: string[] = [];
  for (let n = 0, size = 0; size < length; n += 1) {
    pieces.push(piece(n));
    size += pieces.at(-1)?.length ?? 0;
  }
  return pieces.join('');
}

const DEEP: Readonly<Record<string, string>> = {
  brackets: '['.repeat(100_000) + ']'.repeat(100_000),
  'fewer brackets': '['.repeat(2_000) + ']'.repeat(2_000),
  blocks: '{'.repeat(100_000) + '}'.repeat(100_000),
  functions: 'function f(){'.repeat(10_000) + '}'.repeat(10_000),
  sums: `let a = 1; a${'+a'.repeat(300_000)}`,
  'shorter sums': `let a = 1; a${'+a'.repeat(3_000)}`,
  'shorter sums in a module': `import.meta; let a = 1; a${'+a'.repeat(3_000)}`,
  'conditions in a row': `${'if(0);else '.repeat(10_000)};`,
  'more conditions in a row': `${'if(0);else '.repeat(80_000)};`,
  templates: '`${'.repeat(20_000) + '1' + '}`'.repeat(20_000),
  properties: `let a = { get a() { return a } }; a${'.a'.repeat(100_000)}`,
};

const MIB = 1 << 20;

const LARGE: Readonly<Record<string, string>> = {
  lines: '\n'.repeat(MIB - 1),
  'one text': `"${'x'.repeat(MIB - 10)}"`,
  'short statements': 'text;'.repeat(200_000),
  comments: '//# sourceURL=x\n'.repeat(60_000),
  'broken words': 'a b '.repeat(250_000),
  'mentions of HTML comments': '"<!--";'.repeat(140_000),
  types: filled(MIB - 100, (n) => `let a${n}: number = 1;`).slice(0, 200_000),
};

/** Sources that cost more than their length, a quarter of a MiB each: they hold up the whole process. */
const COSTLY: Readonly<Record<string, string>> = {
  'mentions of arguments': 'arguments;'.repeat(26_000),
  'names like those used inside': `/*${filled(260_000, (n) => `$${n.toString(36)}`.padEnd(11, '$'))}*/`,
  'names in one declaration': `let a${filled(260_000, (n) => `,a${n.toString(36)}`)}`,
  exports: filled(260_000, (n) => `export const a${n.toString(36)}=1;`),
};

describe('A source of an unusual size', { timeout: 300_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());

  for (const [what, source] of Object.entries(DEEP)) {
    it(`is run or refused with an error, and does not harm the next one: too many ${what}`, async () => {
      const { failure } = await runCell(sandbox, source);
      assert.ok(failure === null || failure.kind === 'syntax' || failure.kind === 'exception');
      assert.doesNotMatch(failure?.text ?? '', new RegExp(HOST_TEXT));
      assert.deepEqual((await runCell(sandbox, 'text(1)')).texts, ['1']);
    });
  }

  for (const [what, source] of Object.entries(LARGE)) {
    it(`is run or refused, a MiB long: ${what}`, async () => {
      const { failure } = await runCell(sandbox, source);
      assert.ok(failure === null || failure.kind === 'syntax');
    });
  }

  for (const [what, source] of Object.entries(COSTLY)) {
    it(`does not block the process: ${what}`, async () => {
      const startedMs = performance.now();
      await runCell(sandbox, source);
      const ms = Math.round(performance.now() - startedMs);
      assert.ok(ms < 2_000, `${ms} ms for ${source.length} characters`);
    });
  }
});
