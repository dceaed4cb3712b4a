import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import {
  ACCESSOR_WALK,
  ESCAPES,
  SPIED_WALK,
  WALKS,
  walkingProgram,
} from '../../support/escape-corpus.ts';
import { runCell } from '../../support/finished-cell.ts';
import { EXERCISE, EXERCISE_TEXTS, OPENING, SABOTAGES } from '../../support/sabotages.ts';
import { UsedIsolate } from '../../support/used-isolate.ts';

const WEB = { options: { globals: 'web', console: true } } as const;

const NAMES = [
  ...['DOMException', 'TextDecoder', 'TextEncoder', 'URL', 'URLSearchParams', 'atob', 'btoa'],
  ...['crypto', 'queueMicrotask', 'structuredClone'],
];

/** What a program shows that uses a web global, beyond what the comparison with Node.js covers. */
const CASES: readonly (readonly [source: string, shown: string])[] = [
  [
    `String(new URL('https://ÜBER.example:443/%7Ea/../b?x#y'))`,
    'https://xn--ber-goa.example/b?x#y',
  ],
  [`JSON.stringify({ url: new URL('a:b') })`, '{"url":"a:b"}'],
  [`URL.canParse('nope') + ' ' + URL.parse('nope')`, 'false null'],
  [`new URL('http://[::1]:80/').host`, '[::1]'],
  [
    `(() => { try { new URL('nope') } catch (e) { return e.name + ': ' + e.message } })()`,
    'TypeError: Invalid URL: nope',
  ],
  [
    `(() => { const u = new URL('a://b'); u.searchParams.set('k', 'ä b'); return u.search })()`,
    '?k=%C3%A4+b',
  ],
  [`[...new URLSearchParams({ a: '1', b: '2' })].join(';')`, 'a,1;b,2'],
  [`new URLSearchParams([['a', '1'], ['a', '2']]).getAll('a').join()`, '1,2'],
  [`new TextDecoder().encoding + new TextEncoder().encoding`, 'utf-8utf-8'],
  [`new TextDecoder('shift_jis').decode(new Uint8Array([0x82, 0xa0]))`, 'あ'],
  [`new TextDecoder('euc-jp').decode(new Uint8Array([0xa4, 0xa2, 0x80]))`, 'あ\ufffd'],
  [
    `new TextDecoder('gb18030').decode(new Uint8Array([0x81, 0x30, 0x84, 0x36, 0xc4, 0xe3]))`,
    '¥你',
  ],
  [`new TextDecoder('big5').decode(new Uint8Array([0xa7, 0x41]))`, '你'],
  [`new TextDecoder('euc-kr').decode(new Uint8Array([0xb0, 0xa1]))`, '가'],
  [`(() => { try { new TextDecoder('no such') } catch (e) { return e.name } })()`, 'RangeError'],
  [
    `(() => { try { new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255])) } catch (e) { return e.name } })()`,
    'TypeError',
  ],
  [
    `(() => { const a = { list: [] }; a.self = a; const b = structuredClone(a); return b.self === b && b !== a })()`,
    'true',
  ],
  [`structuredClone(new Map([['k', new Set([1n])]])).get('k').has(1n)`, 'true'],
  [`structuredClone(new RangeError('far', { cause: 1 })) instanceof RangeError`, 'true'],
  [`structuredClone(/a/gi).flags + structuredClone(new Date(5)).getTime()`, 'gi5'],
  [`[...structuredClone(new Uint16Array([1, 2]).subarray(1))].join()`, '2'],
  [
    `(() => { const b = new ArrayBuffer(8); const c = structuredClone(b, { transfer: [b] }); return b.byteLength + ' ' + c.byteLength })()`,
    '0 8',
  ],
  [
    `(() => { try { structuredClone({ f() {} }) } catch (e) { return e.name + e.code + (e instanceof DOMException) } })()`,
    'DataCloneError25true',
  ],
  [
    `(() => { try { atob('*') } catch (e) { return e.name + e.code + (e instanceof Error) } })()`,
    'InvalidCharacterError5true',
  ],
  [`(() => { try { btoa('€') } catch (e) { return e.name } })()`, 'InvalidCharacterError'],
  [`new DOMException('m', 'AbortError').code + String(new DOMException('m', 'Odd'))`, '20Odd: m'],
  [
    `(() => { try { queueMicrotask() } catch (e) { return e.message } })()`,
    'queueMicrotask expects a function callback',
  ],
  [
    `await new Promise((done) => { const seen = []; queueMicrotask(() => seen.push('micro')); setTimeout(() => done([...seen, 'timer'].join()), 0); seen.push('now') })`,
    'now,micro,timer',
  ],
  [
    `Array.from({ length: 200 }, () => crypto.randomUUID()).filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)).join()`,
    '',
  ],
  [`new Set(Array.from({ length: 1000 }, () => crypto.randomUUID())).size`, '1000'],
  [`Object.keys(crypto).join()`, 'randomUUID'],
];

/** All that a program can read of the globals by name, but for the values of the web globals. */
const GLOBALS = `text(JSON.stringify(Reflect.ownKeys(globalThis).map(String).sort()))`;

/** Each built-in with the descriptors of its properties, by the path that leads to it. */
const BUILT_INS = `
const NAMES = ${JSON.stringify(NAMES)};
const lines = [], seen = new Set(NAMES.map((name) => globalThis[name]));
const queue = [[globalThis, 'globalThis']];
for (const [value, where] of queue) {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue;
  seen.add(value);
  queue.push([Object.getPrototypeOf(value), where + '.__proto__']);
  lines.push(where + ' ' + (typeof value === 'function' ? Function.prototype.toString.call(value) : ''));
  for (const key of Reflect.ownKeys(value)) {
    if (value === globalThis && NAMES.includes(key)) continue;
    const { get, set, value: inner, ...flags } = Object.getOwnPropertyDescriptor(value, key);
    const path = where + '.' + String(key);
    lines.push(path + JSON.stringify(flags) + typeof inner);
    queue.push([inner, path], [get, path + '(get)'], [set, path + '(set)']);
  }
}
text(lines.join('\\n'));`;

describe('Web globals', { timeout: 120_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());
  const processes = processSandbox();
  after(() => processes.close());

  it('are not there without the option', async () => {
    const source = `text(${JSON.stringify(NAMES)}.filter((name) => name in globalThis))`;
    assert.deepEqual((await runCell(sandbox, source)).texts, ['[]']);
    assert.deepEqual((await runCell(sandbox, source, { toolErrors: 'string' })).texts, ['[]']);
    const [shown = ''] = (await runCell(sandbox, source, WEB)).texts;
    assert.deepEqual(JSON.parse(shown), NAMES);
  });

  it('add nothing but themselves', async () => {
    const withoutWeb = await runCell(sandbox, GLOBALS, { options: { console: true } });
    const withWeb = await runCell(sandbox, GLOBALS, WEB);
    const plain: readonly string[] = JSON.parse(withoutWeb.texts[0] ?? '');
    const web: readonly string[] = JSON.parse(withWeb.texts[0] ?? '');
    assert.deepEqual(
      web.filter((name) => !plain.includes(name)),
      NAMES,
    );
    assert.deepEqual(
      plain.filter((name) => !web.includes(name)),
      [],
    );
  });

  it('change no built-in and no helper', async () => {
    const plain = await runCell(sandbox, BUILT_INS, { options: { console: true } });
    const web = await runCell(sandbox, BUILT_INS, WEB);
    assert.ok((plain.texts[0]?.length ?? 0) > 50_000);
    assert.deepEqual(web.texts[0]?.split('\n'), plain.texts[0]?.split('\n'));
  });

  for (const [source, shown] of CASES) {
    it(`work: ${source}`, async () => {
      const { texts, failure } = await runCell(sandbox, `text(${source})`, WEB);
      assert.equal(failure, null);
      assert.deepEqual(texts, [shown]);
    });
  }

  it('work in sandbox processes, for one program after the other', async () => {
    for (const expected of ['https://xn--9ca.example/', 'https://xn--9ca.example/']) {
      const source = `text(new URL('https://é.example').href); text(crypto.randomUUID().length)`;
      const { texts, failure } = await runCell(processes, source, WEB);
      assert.equal(failure, null);
      assert.deepEqual(texts, [expected, '36']);
    }
  });

  it('report what a microtask throws', async () => {
    const source = `queueMicrotask(() => { throw new Error('late') }); await tools.echo()`;
    const { failure, notes } = await runCell(sandbox, source, WEB);
    assert.equal(failure, null);
    assert.match(notes.join(), /late/);
  });

  it('leave only frames of the program in stacks', async () => {
    const { failure } = await runCell(sandbox, `const make = () => new URL('x');\nmake();`, WEB);
    assert.equal(
      failure?.text,
      'TypeError: Invalid URL: x\n    at make (exec_main.mjs:1:20)\n    at exec_main.mjs:2:1',
    );
  });

  it('show what they throw as an error', async () => {
    const source = `try { atob('*') } catch (error) { text(error) }`;
    const { texts } = await runCell(sandbox, source, WEB);
    assert.match(texts[0] ?? '', /^InvalidCharacterError: .*\n {4}at exec_main\.mjs:1:7$/);
  });

  it('fit into the smallest heap', async () => {
    const small = isolateSandbox({ limits: { maxHeapBytes: 8 << 20 } });
    const source = `text(new URL('https://é.example').href)`;
    const { texts, failure } = await runCell(small, source, WEB);
    await small.close();
    assert.deepEqual([texts, failure], [['https://xn--9ca.example/'], null]);
  });

  it('find nothing of an earlier program in the same isolate', async () => {
    await using isolate = new UsedIsolate({}, WEB);
    await isolate.run(`URL.left = 1; URL.prototype.left = 1; crypto.left = 1; globalThis.atob = null;
      Array.prototype[Symbol.iterator] = null; TextDecoder.prototype.decode = null; delete globalThis.crypto`);
    const { texts } = await isolate.runAgain(
      `text([URL.left, new URL('a:b').left, crypto.left, atob('YQ=='), new TextDecoder().decode(new TextEncoder().encode('b'))])`,
    );
    assert.deepEqual(texts, ['[null,null,null,"a","b"]']);
  });
});

describe('A hostile program with web globals', { timeout: 120_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());
  const processes = processSandbox();
  after(() => processes.close());

  for (const [at, source] of [...ESCAPES, ...ESCAPES].entries()) {
    const inProcess = at >= ESCAPES.length;
    it(`gets nothing${inProcess ? ', in a sandbox process,' : ''} by ${source}`, async () => {
      const where = inProcess ? processes : sandbox;
      const { texts, failure } = await runCell(where, `text(${source})`, WEB);
      assert.equal(failure, null);
      assert.equal(texts.at(-1), 'undefined');
    });
  }

  const USES = `try { new URL('nope') } catch (e) { look(e, 'a URL error') } try { atob('*') } catch (e) { look(e, 'an atob error') }
    try { structuredClone(() => {}) } catch (e) { look(e, 'a clone error') } look(new URL('https://a:1/b?c#d'), 'a URL');
    look(new URL('a:b?c').searchParams.entries(), 'an iterator'); look(structuredClone({ a: [1] }), 'a clone');
    look(new TextDecoder(), 'a decoder'); look(new TextEncoder(), 'an encoder'); look(crypto.randomUUID(), 'a UUID');`;
  const walks = {
    ...WALKS,
    'what web globals make and throw': USES,
    'built-ins it replaced': SPIED_WALK,
    'accessors on prototypes': ACCESSOR_WALK,
  };
  for (const [what, source] of Object.entries(walks)) {
    it(`finds nothing of the engine, the bridge or the host in ${what}`, async () => {
      const { texts, failure } = await runCell(sandbox, walkingProgram(source), WEB);
      assert.equal(failure, null);
      assert.deepEqual(JSON.parse(texts.at(-2) ?? ''), []);
    });
  }

  it('cannot get hold of the source of randomness by the built-ins that it replaces', async () => {
    const { texts } = await runCell(
      sandbox,
      `const seen = [];
      const spy = (object, name) => { const old = Object.getOwnPropertyDescriptor(object, name).value; if (typeof old !== 'function' || name === 'constructor' || name === 'push' || name === 'apply' || name === 'getOwnPropertyDescriptor') return; object[name] = function (...all) { seen.push(this, ...all); return Reflect.apply(old, this, all) } };
      const { apply } = Reflect;
      for (const object of [Function.prototype, String.prototype, Array.prototype, Number.prototype, Object, Reflect, Math])
        for (const name of Object.getOwnPropertyNames(object)) spy(object, name);
      seen.length = 0;
      for (let at = 0; at < 65; at++) crypto.randomUUID();
      const count = seen.length; let functions = 0;
      for (let at = 0; at < count; at++) if (typeof seen[at] === 'function') functions++;
      text([functions, count]);`,
      WEB,
    );
    assert.deepEqual(texts, ['[0,0]']);
  });

  for (const [what, sabotage] of Object.entries(SABOTAGES)) {
    it(`cannot change the helpers: ${what}`, async () => {
      const cell = await runCell(sandbox, `${OPENING}\n${sabotage};\n${EXERCISE}`, WEB);
      assert.equal(cell.failure, null);
      assert.deepEqual(cell.texts, EXERCISE_TEXTS);
      assert.deepEqual(cell.notes, []);
    });
  }

  it('can be stopped while it asks for randomness', async () => {
    const source = `for (;;) crypto.randomUUID()`;
    const { failure } = await runCell(processes, source, {
      options: { globals: 'web', limits: { maxRunMs: 100 } },
    });
    assert.equal(failure?.kind, 'limit');
  });
});
