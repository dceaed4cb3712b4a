import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import type { SessionRuntime } from '../../../src/runtime/session-runtime.ts';
import { recordedSession, textsOf } from '../../support/finished-cell.ts';

/** Programs that are no good, in addition to those of `test/data/bombs.json`. */
const MORE: Readonly<Record<string, string>> = {
  'object growth': `const o = {}; for (let i = 0; ; i += 1) o['k' + i] = i`,
  'set growth': 'const s = new Set(); for (let i = 0; ; i += 1) s.add(i)',
  'symbol growth': `for (let i = 0; ; i += 1) Symbol.for('k' + i)`,
  'weak references':
    'const a = []; for (;;) a.push(new WeakRef({ b: new Array(100).fill(1) }), a.at(-2)?.deref())',
  finalizers:
    'const r = new FinalizationRegistry(() => {}); const a = []; for (;;) { const o = {}; r.register(o, {}); a.push(o) }',
  'Intl objects': `const a = []; for (;;) a.push(new Intl.DateTimeFormat('fr', { dateStyle: 'full' }))`,
  'eval-made code': `const a = []; for (let i = 0; ; i += 1) a.push(eval('(() => ' + i + ')'))`,
  'made functions': `const a = []; for (let i = 0; ; i += 1) a.push(new Function('return ' + i))`,
  closures: 'const a = []; for (;;) { const b = new Array(1000).fill(a.length); a.push(() => b) }',
  'typed arrays': 'const a = []; for (;;) a.push(new Float64Array(1 << 20).fill(1))',
  'a growing buffer':
    'const b = new ArrayBuffer(1, { maxByteLength: 2 ** 32 }); for (let n = 1; ; n *= 2) b.resize(n)',
  'a huge filled array': 'new Array(2 ** 32 - 1).fill(0)',
  'a huge sorted array': 'new Array(2 ** 32 - 1).sort()',
  'huge strings': `let s = 'x'.repeat(2 ** 28); const a = []; for (;;) a.push((s + a.length).replace(/x/g, 'yy'))`,
  'a huge match': `'x'.repeat(2 ** 28).match(/x/g)`,
  'deep recursion': 'function f(n) { return f(n + 1) + f(n - 1) } for (;;) try { f(0) } catch {}',
  'deep JSON': `const s = '['.repeat(5e6); for (;;) try { JSON.parse(s) } catch {}`,
  'a shared tree as JSON':
    'let o = {}; for (let i = 0; i < 60; i += 1) o = { a: o, b: o }; JSON.stringify(o)',
  'a large power': '(2n ** 5_000_000n) ** 200n',
  'a spinning comparator': '[3, 2, 1].sort(() => { for (;;); })',
  'a spinning getter': 'text({ get a() { for (;;); } })',
  'a spinning toJSON': 'await tools.echo({ toJSON() { for (;;); } })',
  'a spinning key': `store({ toString() { for (;;); } }, 1)`,
  'a spinning image': `image({ get image_url() { for (;;); } })`,
  'a spinning audio': `audio({ get audio_url() { for (;;); } })`,
  'a spinning content': `content({ get type() { for (;;); } })`,
  'a spinning hint': `generatedImage({ get output_hint() { for (;;); } })`,
  'a spinning delay': 'setTimeout(() => {}, { valueOf() { for (;;); } })',
  'a spinning notification': `notify({ toJSON() { for (;;); } })`,
  'a spinning error': `throw { get stack() { for (;;); } }`,
  'a spinning rejection': `Promise.reject({ get message() { for (;;); }, __proto__: Error.prototype }); await new Promise(() => {})`,
  'a spinning stack': `Error.prepareStackTrace = () => { for (;;); }; new Error('x').stack`,
  'a spinning proxy': `text(new Proxy({}, { ownKeys() { for (;;); } }))`,
  'a spinning then': 'await { then() { for (;;); } }',
  'microtask recursion':
    'const go = () => Promise.resolve().then(go); go(); await new Promise(() => {})',
  'timer recursion': 'const go = () => setTimeout(go); go(); await new Promise(() => {})',
  'many timers at once':
    'const go = () => { for (let i = 0; i < 50; i += 1) setTimeout(go) }; go(); await new Promise(() => {})',
  'yields without end': 'for (;;) yield_control()',
  'loads without end': `for (let i = 0; ; i += 1) load('k' + i)`,
  'a long label': `${'a:'.repeat(100_000)};`,
  'a long regex': `new RegExp('(?:a?){50}'.repeat(10) + 'b').test('a'.repeat(500))`,
};

/** Helpers that are entered again while they look at what they were given, without end. */
const REENTERED: Readonly<Record<string, string>> = {
  text: 'const o = { get a() { text(o); return 1 } }; text(o)',
  notify: 'const o = { toJSON() { notify(o); return 1 } }; notify(o)',
  store: `const o = { toString() { store(o, 1); return 'k' } }; store(o, 1)`,
  load: `const o = { toString() { load(o); return 'k' } }; load(o)`,
  image: 'const o = { get image_url() { image(o); return 1 } }; image(o)',
  audio: 'const o = { get audio_url() { audio(o); return 1 } }; audio(o)',
  content: 'const o = { get type() { content([o]); return 1 } }; content([o])',
  generatedImage:
    'const o = { get output_hint() { generatedImage(o); return 1 } }; generatedImage(o)',
  setTimeout:
    'const o = { valueOf() { setTimeout(() => {}, o); return 1 } }; setTimeout(() => {}, o)',
  clearTimeout: 'const o = { valueOf() { clearTimeout(o); return 1 } }; clearTimeout(o)',
  'a tool': 'const o = { get a() { tools.echo(o); return 1 } }; await tools.echo(o)',
  as_settled:
    'const o = { [Symbol.iterator]() { return as_settled(o) } }; for await (const _ of as_settled(o));',
  stream_settled:
    'const o = { get [Symbol.iterator]() { return stream_settled(o, () => {}) } }; await stream_settled(o, () => {})',
};

const BOMBS = JSON.parse(
  readFileSync(new URL('../../data/bombs.json', import.meta.url), 'utf8'),
) as Record<string, { readonly source: string; readonly reply?: boolean }>;

const PROGRAMS = [
  ...Object.entries(BOMBS).map(([name, { source, reply }]) => ({ name, source, reply })),
  ...Object.entries(MORE).map(([name, source]) => ({ name, source, reply: true })),
  ...Object.entries(REENTERED).map(([name, source]) => {
    return { name: `${name} that is entered again`, source, reply: true };
  }),
];

/** How long a hostile program may have its way before it is terminated. */
const YIELD_MS = 500;

describe('A hostile program beside an innocent session', { timeout: 300_000 }, () => {
  const sandbox = processSandbox({ limits: { maxProcessBytes: 700 << 20 } });
  after(() => sandbox.close());
  let witness: { readonly session: SessionRuntime; readonly cellId: string } | null = null;

  async function innocent() {
    if (witness !== null) return witness;
    const { session } = recordedSession(sandbox);
    const source = `store('kept', 42); text('waits'); yield_control(); await new Promise((go) => setTimeout(go, 1e9))`;
    const { cellId, first } = await session.execute({ source, observe: { yieldAfterMs: 60_000 } });
    await first;
    await run(session, `store('kept', 42)`);
    witness = { session, cellId };
    return witness;
  }

  async function run(session: SessionRuntime, source: string): Promise<string | undefined> {
    const { first } = await session.execute({ source, observe: { yieldAfterMs: 5_000 } });
    const event = await first;
    assert.equal(event.type, 'completed', source);
    return textsOf(event.items)[0];
  }

  for (const { name, source, reply = true } of PROGRAMS) {
    it(`harms nobody: ${name}`, async () => {
      const { session: good, cellId: waiting } = await innocent();
      const onTool = reply ? {} : { echo: () => new Promise(() => {}) };
      const { session: bad } = recordedSession(sandbox, { onTool });
      await run(bad, `store('mine', 1)`);
      const { cellId, first } = await bad.execute({ source, observe: { yieldAfterMs: YIELD_MS } });
      assert.equal(await run(good, 'text(1 + 1)'), '2');
      const event = await first;
      if (event.type === 'completed') assert.ok(event.failure !== null || name === 'a long label');
      else assert.notEqual((await bad.terminate(cellId)).type, 'yielded');
      assert.equal(await run(good, `text(load('kept'))`), '42');
      assert.deepEqual(
        (await good.cells()).map(({ cellId: id }) => id),
        [waiting],
      );
      assert.equal(await run(bad, `text(load('mine'))`), '1');
      await bad.close();
    });
  }

  it('leaves the innocent cell as it was', async () => {
    const { session, cellId } = await innocent();
    assert.equal((await session.terminate(cellId)).type, 'terminated');
    await session.close();
  });
});
