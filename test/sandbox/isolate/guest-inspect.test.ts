import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { runCell } from '../../support/finished-cell.ts';

const OPTIONS = { options: { console: true } };

describe('What a program shows', { timeout: 60_000 }, () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());
  const shown = async (value: string) => {
    const { texts, failure } = await runCell(sandbox, `text(${value})`, OPTIONS);
    assert.equal(failure, null);
    return texts[0];
  };

  const VALUES: Readonly<Record<string, string>> = {
    'new Map([["a", { b: 1 }], [2, new Set([3])]])': 'Map(2) [["a",{"b":1}],[2,{"Set(1)":[3]}]]',
    'new Set(["a", 1n])': 'Set(2) ["a","1n"]',
    'new Uint8Array([1, 2])': 'Uint8Array(2) [1,2]',
    'new BigInt64Array(1)': 'BigInt64Array(1) ["0n"]',
    'tools.echo()': 'a promise: await it',
    '{ user: tools.echo() }': '{"user":"a promise: await it"}',
    '[new Map(), {}]': '[{"Map(0)":[]},{}]',
    'tools.echo': 'a function: call it',
    tools: '{"echo":"a function","fail":"a function","never":"a function"}',
    'Symbol("s")': 'Symbol(s)',
    '{ n: new Map([[1n, 2n]]) }': '{"n":{"Map(1)":[["1n","2n"]]}}',
    'new Date(0)': '"1970-01-01T00:00:00.000Z"',
    '{ d: new Date(0) }': '{"d":"1970-01-01T00:00:00.000Z"}',
    '{ a: [1, "{}"], b: {} }': '{"a":[1,"{}"],"b":{}}',
    'new RangeError("no")': 'RangeError: no\n    at exec_main.mjs:1:6',
    '[new Error("in")]': '["Error: in\\n    at exec_main.mjs:1:7"]',
    'new Error("out", { cause: new TypeError("in") })':
      'Error: out\n    at exec_main.mjs:1:6\ncaused by: TypeError: in\n    at exec_main.mjs:1:32',
    '{ [Symbol.toStringTag]: "Map", a: {} }': '{"a":{}}',
    '/a\\/b/gi': '/a\\/b/gi',
    '[/x/]': '["/x/"]',
    'new Uint8Array([1, 2]).buffer': 'ArrayBuffer(2) [1,2]',
    'new WeakMap()': 'a WeakMap',
    '{ n: new Intl.NumberFormat() }': '{"n":"an Intl.NumberFormat"}',
    'new Map([[1, 2]]).keys()': 'a Map Iterator: spread it into an array',
    '[new Number(3), new String("s"), (function () { return arguments })()]': '[3,"s",{}]',
    '{ [Symbol.toStringTag]: "RegExp", a: {} }': '{"a":{}}',
    '{ [Symbol.toStringTag]: "ArrayBuffer", a: {} }': '{"a":{}}',
    '{ [Symbol.toStringTag]: "URLSearchParams", a: {} }': '{"a":{}}',
    '{ [Symbol.toStringTag]: "Mine", toJSON: () => ({}) }': '{}',
    undefined: 'undefined',
    null: 'null',
  };
  for (const [value, want] of Object.entries(VALUES)) {
    it(`is useful: ${value}`, async () => assert.equal(await shown(value), want));
  }

  const WEB: Readonly<Record<string, string>> = {
    'new URLSearchParams("a=1&a=2&b=x y")': 'a=1&a=2&b=x+y',
    '{ p: new URLSearchParams({ a: 1 }), u: new URL("https://x") }': '{"p":"a=1","u":"https://x/"}',
    'new URL("https://x/?a#b")': '"https://x/?a#b"',
    'new TextEncoder()': 'a TextEncoder',
    'new TextEncoder().encode("é")': 'Uint8Array(2) [195,169]',
    'structuredClone([new Set([1])])': '[{"Set(1)":[1]}]',
    'new URLSearchParams("a=1").keys()': 'a URLSearchParams Iterator: spread it into an array',
    'new URLSearchParams([["a", "x".repeat(1e6)]]).toString().length': '1000002',
  };
  for (const [value, want] of Object.entries(WEB)) {
    it(`is useful with web globals: ${value}`, async () => {
      const options = { console: true, globals: 'web' } as const;
      const { texts } = await runCell(sandbox, `text(${value}); console.log('%o', ${value})`, {
        options,
      });
      assert.deepEqual(texts, [want, want]);
    });
  }

  it('stays within bounds', async () => {
    const bounds = {
      'new Map(Array.from({ length: 1e5 }, (_, n) => [n, n]))': 20_000,
      'new Float64Array(1e6)': 3_000,
      'new Error("x".repeat(1e6))': 66_000,
      'Object.assign(Object.create({ [Symbol.toStringTag]: "URLSearchParams" }), { toString: () => "x".repeat(1e6) })': 66_000,
      '{ set: new Set(Array.from({ length: 1e5 }, (_, n) => n)) }': 6_000,
    };
    for (const [value, most] of Object.entries(bounds)) {
      const { length } = (await shown(value)) ?? '';
      assert.ok(length > 1_000 && length < most, `${value}: ${length}`);
    }
  });

  it('is shown by notify and thrown values, too', async () => {
    const { notifications, failure } = await runCell(
      sandbox,
      `notify(new Set([1])); throw { a: 1 }`,
    );
    assert.deepEqual(notifications, ['Set(1) [1]']);
    assert.equal(failure?.text, '{"a":1}');
  });

  it('is as in version 1 with bare tool errors', async () => {
    const source = `text(new Map([[1, 2]])); text(tools.never()); text(tools.never); text(/x/);
      text(new URLSearchParams('a=1')); text(new TextEncoder()); throw { a: 1 }`;
    const { texts, failure } = await runCell(sandbox, source, {
      toolErrors: 'string',
      options: { globals: 'web' },
    });
    assert.deepEqual(texts, ['{}', '{}', 'undefined', '{}', '{}', '{}']);
    assert.equal(failure?.text, '[object Object]');
  });

  const LINES: Readonly<Record<string, string>> = {
    "'%s is %d years', 'Ann', 42": 'Ann is 42 years',
    "'%i %f %j %o', 1.9, '2.5', { a: 1 }, [1]": '1 2.5 {"a":1} [1]',
    "'100%', 'sure'": '100% sure',
    "'%s %s', 'one'": 'one %s',
    "'%%s %x', 1": '%s %x 1',
    "'%cred', 'color: red', 'more'": 'red more',
    "'%d', {}": 'NaN',
    "'%'": '%',
    "'%s'": '%s',
    "1, '%s', 2": '1 %s 2',
    "new Map([[1, 2]]), 'x'": 'Map(1) [[1,2]] x',
    '': '',
  };
  for (const [values, want] of Object.entries(LINES)) {
    it(`is formatted by console.log(${values})`, async () => {
      const { texts } = await runCell(sandbox, `console.log(${values})`, OPTIONS);
      assert.deepEqual(texts, [want]);
    });
  }

  it('does not depend on built-ins that the program has broken', async () => {
    const spoil = `
      Map.prototype.forEach = Set.prototype.forEach = Object.prototype.toString = null;
      Object.defineProperty(Object.prototype, 'get', { value: () => 1 });
      Object.defineProperty(Array.prototype, 0, { set() { throw 1 }, configurable: true });`;
    const { texts } = await runCell(
      sandbox,
      `${spoil} text(new Map([[1, 2]])); text(new Set([1]));`,
    );
    assert.deepEqual(texts, ['Map(1) [[1,2]]', 'Set(1) [1]']);
  });
});
