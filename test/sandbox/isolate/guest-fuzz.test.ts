import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import type { Sandbox } from '../../../src/sandbox.ts';
import { finishCell, recordedSession, runCell, textsOf } from '../../support/finished-cell.ts';
import { fuzzBounds, fuzzTimeout } from '../../support/fuzz-bounds.ts';
import { WORLD_DUMP } from '../../support/world-dump.ts';

/** Values that are awkward, or act when they are looked at. Each is an expression. */
const VALUES = [
  ...[
    'undefined',
    'null',
    '0',
    '-0',
    'NaN',
    '1n',
    '2 ** 53',
    `''`,
    `'a'`,
    `'\\ud800'`,
    `'__proto__'`,
  ],
  ...[
    'Symbol()',
    'Symbol.iterator',
    '{}',
    '[]',
    '[,]',
    '{ a: 1 }',
    '() => 1',
    'class {}',
    'globalThis',
  ],
  ...['new Proxy({}, {})', 'new Proxy(() => 1, {})', 'new Map([[1, 2]])', 'new Date(NaN)', '/x/g'],
  ...[
    'Object.create(null)',
    'new Error(1)',
    'Promise.resolve(1)',
    'Promise.reject(1)',
    'tools',
    'text',
  ],
  ...[`new Proxy({}, { get() { throw 1 } })`, `new Proxy([], { ownKeys() { return [] } })`],
  ...[
    '{ get a() { throw new Error() } }',
    '{ toJSON() { return this } }',
    '{ toJSON() { throw null } }',
  ],
  ...[
    '{ toString() { throw 1 } }',
    '{ valueOf() { return {} } }',
    '{ [Symbol.toPrimitive]: () => 1n }',
  ],
  ...['{ then(r) { r(this) } }', '{ then() { throw 1 } }', '{ get then() { throw 1 } }'],
  ...[
    '{ get stack() { throw 1 } }',
    '{ __proto__: Error.prototype, message: 1n }',
    '{ __proto__: null }',
  ],
  ...[`{ type: 'text', text: 1 }`, `{ type: 'image', data: 'AAAA', mimeType: 'x/y' }`, `'data:,'`],
  ...[
    `{ image_url: 'data:,', detail: 5 }`,
    `JSON.parse('{"__proto__":{"polluted":1}}')`,
    'arguments',
  ],
  ...[`'x'.repeat(70_000)`, '(() => { const o = {}; o.o = o; return o })()', 'new Uint8Array(9)'],
];

const HELPERS = [
  ...[
    'text',
    'notify',
    'image',
    'audio',
    'content',
    'generatedImage',
    'store',
    'load',
    'setTimeout',
  ],
  ...['clearTimeout', 'yield_control', 'as_settled', 'stream_settled', 'tools.echo', 'tools.fail'],
  ...['tools[1]', 'Promise.reject', 'eval', 'new Function', 'structuredClone', 'console.log'],
];

const DEEDS = [
  `JSON.stringify = () => { throw 1 }`,
  `Promise.prototype.then = undefined`,
  `Array.prototype[Symbol.iterator] = undefined`,
  `Object.prototype.toJSON = () => 1`,
  `Object.defineProperty(Object.prototype, 'length', { get() { throw 1 }, configurable: true })`,
  `Object.defineProperty(Array.prototype, '0', { set() { throw 1 }, configurable: true })`,
  `Map.prototype.get = Map.prototype.set = () => 1`,
  `Error.prepareStackTrace = () => { throw 1 }`,
  `Function.prototype.call = Function.prototype.apply = null`,
  `Reflect.ownKeys(globalThis).forEach((key) => { try { delete globalThis[key] } catch {} })`,
  `Object.freeze(Object.prototype)`,
  'exit()',
];

const value = fc.constantFrom(...VALUES).map((text) => `(${text})`);
const call = fc
  .tuple(fc.constantFrom(...HELPERS), fc.array(value, { maxLength: 3 }), fc.boolean())
  .map(([helper, values, awaited]) => `${awaited ? 'await ' : ''}${helper}(${values.join(', ')})`);
const deed = fc.constantFrom(...DEEDS);
const statement = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: call }, { weight: 1, arbitrary: deed }),
    fc.constantFrom('plain', 'try', 'try', 'try', 'timer', 'then'),
  )
  .map(([text, way]) => {
    if (way === 'try') return `try { ${text} } catch (e) { try { text(e) } catch {} }`;
    if (way === 'timer') return `setTimeout(async () => { ${text} })`;
    if (way === 'then') return `void (async () => { ${text} })()`;
    return text;
  });
const program = fc.array(statement, { minLength: 1, maxLength: 12 }).map((all) => all.join(';\n'));

const KINDS: readonly unknown[] = ['syntax', 'exception', 'limit', 'memory'];
const SANDBOXES: Readonly<Record<string, () => Sandbox>> = {
  'an isolate of this process': isolateSandbox,
  'a sandbox process': processSandbox,
};

describe('The bridge of a program (fuzz)', { timeout: fuzzTimeout(2) }, () => {
  const hostKeys = JSON.stringify(Reflect.ownKeys(Object.prototype).map(String));

  for (const [where, makeSandbox] of Object.entries(SANDBOXES)) {
    const sandbox = makeSandbox();
    after(() => sandbox.close());

    it(`holds whatever it is given, and leaves nothing behind, in ${where}`, async () => {
      const world = runCell(sandbox, WORLD_DUMP).then(({ texts }) => texts);
      await fc.assert(
        fc.asyncProperty(program, async (source) => {
          const { session, calls, notifications } = recordedSession(sandbox);
          const { cellId, first } = await session.execute({
            source,
            observe: { yieldAfterMs: 250 },
          });
          let event = await first;
          if (event.type === 'yielded')
            event = await session.observe(cellId, { yieldAfterMs: 250 });
          if (event.type === 'yielded') event = await session.terminate(cellId);
          if (event.type === 'completed' && event.failure !== null) {
            assert.ok(KINDS.includes(event.failure.kind), event.failure.text);
            assert.equal(typeof event.failure.text, 'string');
          }
          for (const [, input] of calls) JSON.stringify(input);
          for (const text of notifications) assert.equal(typeof text, 'string');
          await session.values();
          assert.equal(JSON.stringify(Reflect.ownKeys(Object.prototype).map(String)), hostKeys);
          const { items } = await finishCell(session, WORLD_DUMP);
          assert.deepEqual(textsOf(items), await world);
          await session.close();
        }),
        fuzzBounds(150),
      );
    });
  }
});
