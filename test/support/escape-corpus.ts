import { GUEST_WALK } from './guest-walk.ts';

const SETTLE = `const first = async (promises) => { const records = as_settled(promises); look(records, 'as_settled()');
  const p = records.next(); look(p, 'next()'); return p };`;

/** Looks at the frames of every stack it can make while a helper runs. */
const FRAMES = `const frames = []; Error.stackTraceLimit = Infinity;
    Error.prepareStackTrace = mine((error, sites) => { for (const site of sites) {
      for (const name of ['getThis', 'getFunction', 'getTypeName', 'getFunctionName', 'getMethodName', 'getFileName', 'getEvalOrigin', 'getScriptNameOrSourceURL', 'getScriptHash', 'toString'])
        if (typeof site[name] === 'function') try { look(site[name](), 'frame ' + name) } catch (e) { look(e, 'frame ' + name + '!') } }
      look(getPrototypeOf(sites[0] ?? {}), 'CallSite'); return 'stack' });
    const trip = TRIP;
    text({ toJSON: trip }); try { tools.echo({ toJSON: trip }) } catch {} image({ get image_url() { trip(); return 'data:,' } }); store({ toString() { trip(); return 'k' } }, 1);
    await new Promise((done) => setTimeout(() => { trip(); done() }));
    await { get then() { trip() } }; await stream_settled([{ get then() { trip() } }], trip);
    as_settled({ [Symbol.iterator]: () => ({ next() { trip(); return { done: true } } }) });
    for await (const _ of as_settled(new Map([[1, { then(r) { trip(); r() } }]])));
    const p = Promise.resolve(1); Object.defineProperty(p, 'constructor', { get: trip }); try { await first([p]) } catch {}
    try { as_settled({ [Symbol.iterator]: () => ({ next: trip }) }) } catch {}
    for (const make of [() => image(), () => tools.fail(), () => import('x')]) try { await make() } catch (e) { stringOf(e.stack) }
    try { JSON.parse('{') } catch (e) { stringOf(e.stack) } trip();`;

const STRICT_TRIP = `mine(function () { return new Error('trip').stack && undefined })`;
const SLOPPY_TRIP = `mine(new Function('return new Error("trip").stack && undefined'))`;

/** Sources that walk what a program gets hold of somewhere; see `walkingProgram`. */
export const WALKS: Readonly<Record<string, string>> = {
  'the global object': `look(globalThis, 'globalThis')`,
  'the built-ins that have no name': `for (const one of [async () => {}, function* () {}, async function* () {}, (async function* () {})(),
    [][Symbol.iterator](), new Map().entries(), ''[Symbol.iterator](), 'a'.matchAll(/a/g), Iterator.from({ next() {} }), import.meta]) look(one, 'a built-in')`,
  'what helpers return': `look(tools, 'tools'); look(ALL_TOOLS, 'ALL_TOOLS'); look(text(''), 'text'); look(store('k', { a: 1 }), 'store');
    look(load('k'), 'load'); look(notify('n'), 'notify'); look(setTimeout(() => {}), 'setTimeout'); look(clearTimeout(), 'clearTimeout');
    const p = tools.echo({ a: [1] }); look(p, 'promise'); look(await p, 'result'); look(stream_settled([], () => {}), 'stream_settled');`,
  'what helpers throw': `const bad = [() => image(), () => audio(), () => content(), () => generatedImage(), () => notify(''), () => store('k'), () => load(Symbol()),
    () => setTimeout(), () => clearTimeout(Symbol()), () => text({ get a() { return 1n } }), () => tools.echo(() => 1), () => as_settled(5), () => text({ toJSON: null, a: 1n }),
    () => { const a = {}; a.a = a; text(a) }, () => image('x'.repeat(34e6)), () => JSON.parse('{'), () => null.x, () => eval('('), () => new Function(')'), () => tools.nothing()];
    Error.stackTraceLimit = Infinity;
    for (const make of bad) try { mine(make)(); say('no error') } catch (e) { look(e, 'thrown'); lookAtText(stringOf(e.stack), 'stack'); lookAtText(stringOf(e), 'text') }`,
  'what promises reject with': `Error.stackTraceLimit = Infinity;
    for (const make of [() => tools.fail(), () => import('node:fs'), () => stream_settled([]), () => stream_settled([1], () => { throw new Error('mine') }), () => Promise.any([])])
      try { await make() } catch (e) { look(e, 'rejected'); lookAtText(stringOf(e.stack), 'stack') }`,
  'what callbacks get': `const spy = (where, result) => mine(function () { look([...arguments], where); look(this === undefined ? null : this, where + ' this'); return result });
    const sloppy = mine(new Function('look', 'return function () { look(this, "sloppy this"); look(arguments, "sloppy arguments"); try { look(arguments.callee.caller, "caller") } catch (e) { look(e, "caller error") } }')(look));
    await new Promise((done) => { setTimeout(spy('timer'), 0); setTimeout(sloppy, 0); setTimeout(done, 1) });
    text({ toJSON: spy('toJSON', 'x') }); text({ toJSON: sloppy }); store({ toString: spy('toString', 'k') }, 1); store({ toString: sloppy }, 1);
    setTimeout(() => {}, { valueOf: spy('valueOf', 1) }); clearTimeout({ valueOf: sloppy }); load({ [Symbol.toPrimitive]: spy('toPrimitive', 'k') });
    await stream_settled([1, { then: spy('then') }].slice(0, 1), spy('callback')); await stream_settled([1], sloppy);
    as_settled({ [Symbol.iterator]: spy('iterator', { next: spy('next', { done: true }) }) }); as_settled({ [Symbol.iterator]: () => ({ next: () => { sloppy(); return { done: true } } }) });
    try { tools.echo({ toJSON: sloppy }) } catch (e) { look(e, 'thrown') } image({ get image_url() { sloppy(); return 'data:,' } });`,
  'the frames of stacks': FRAMES.replace('TRIP', STRICT_TRIP),
  'the frames of stacks, from code that is not strict': FRAMES.replace('TRIP', SLOPPY_TRIP),
  'stacks as text': `Error.stackTraceLimit = Infinity; const stack = () => lookAtText(stringOf(new Error('x').stack), 'stack');
    text({ toJSON: stack }); await new Promise((done) => setTimeout(() => { stack(); done() })); await tools.echo(); stack();
    await { then(done) { stack(); done() } }; await stream_settled([tools.echo()], stack); eval('stack()'); new Function('f', 'f()')(stack); stack();`,
  'an eval at the top': `for (const name of ['arguments', 'this', 'new.target', '$cellhost$begin', 'up', 'bridge', 'hidden', 'parts', 'program', 'require', 'process', 'module'])
    try { look(eval(name), 'eval ' + name) } catch (e) { look(e, 'eval error') }`,
  'import.meta': `look(import.meta, 'import.meta')`,
  'the settled helpers, from within': `await first([1]); await first(new Map([[{ a: 1 }, 2]]));
    look(await first([Promise.reject(new Error('e'))]), 'record');
    const generator = getPrototypeOf(getPrototypeOf(as_settled([]))); look(generator, 'generator');
    for (const name of ['caller', 'arguments', 'prototype']) try { look(as_settled[name], name) } catch {}
    const inside = { [Symbol.iterator]: () => ({ next() { for (const name of ['caller', 'arguments']) try { look(as_settled[name], name) } catch {} return { done: true } } }) };
    as_settled(mine(inside));`,
  console: `look(console, 'console')`,
};

/** Expressions that reach for the host. Each shows what it got; nothing, if all is well. */
export const ESCAPES: readonly string[] = [
  `text.constructor.constructor('return typeof process')()`,
  `tools.echo.constructor('return typeof require')()`,
  `(async () => {}).constructor('return typeof process')().then ? 'undefined' : 'got it'`,
  `setTimeout.constructor('return this')() === globalThis ? 'undefined' : 'got it'`,
  `new Function('return typeof global')()`,
  `(0, eval)('typeof module')`,
  `Reflect.construct(Function, ['return typeof process'], Object)()`,
  `Object.getPrototypeOf(as_settled).constructor('return typeof process')()`,
  `typeof (() => { try { null.x } catch (e) { return e.constructor.constructor('return this')().process } })()`,
  `typeof (() => { try { text({ toJSON() { throw new Proxy({}, { get: (t, k) => k === 'stack' ? undefined : globalThis }) } }) } catch (e) { return e.process.process } })()`,
  `typeof (await (async () => { try { await tools.fail() } catch (e) { return e.constructor.constructor('return process')() } })().catch(() => undefined))`,
  `typeof (await import('node:process').catch(() => undefined))`,
  `typeof (await tools.echo(new Proxy({}, { get: () => undefined, ownKeys: () => ['a'], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }) }))).process`,
  `(store(new Proxy({}, { get: (_, k) => k === Symbol.toPrimitive ? () => '__proto__' : undefined }), { polluted: 1 }), load('__proto__'), typeof {}.polluted)`,
  `typeof (await tools.echo(JSON.parse('{"__proto__":{"polluted":1}}'))).polluted`,
  `typeof (await tools.echo({ constructor: { prototype: { polluted: 1 } } })).polluted`,
  `typeof $cellhost$begin`,
  `(() => { try { text(1n ** 2n, { get a() { return arguments.callee.caller } }) } catch {} return (function () { return typeof this?.process })() })()`,
  `Function.prototype.toString.call(text).includes('bridge') ? 'got it' : 'undefined'`,
  `Error.captureStackTrace.constructor('return typeof process')()`,
  `(() => { let seen; Error.prepareStackTrace = (_, sites) => { seen = sites.map((s) => s.getThis?.() ?? s.getFunction?.()).find((one) => one !== undefined && one !== globalThis); return '' }; try { store({ toString() { new Error().stack; return 'k' } }, 1) } catch {} return typeof seen })()`,
  `typeof (await new Promise((done) => { Object.defineProperty(Promise.prototype, 'constructor', { get() { return function (executor) { executor(() => {}, () => {}) } }, configurable: true }); tools.echo(1).then(done, done) }))?.process`,
  `(() => { class Mine extends Array { static get [Symbol.species]() { return function () { return globalThis.process } } } return typeof new Mine(1, 2).map((x) => x)?.pid })()`,
  `typeof (await Promise.race([stream_settled([{ then(done) { done(globalThis) } }], (one) => one?.value?.process), undefined]))`,
  `typeof (() => { try { return [...function* () { yield arguments.callee.caller }()][0] } catch { return undefined } })()`,
  `(() => { const seen = []; const get = Reflect.get; Reflect.get = (...all) => (seen.push(all), get(...all)); text({ a: 1 }); Reflect.get = get; return typeof seen[0] })()`,
  `typeof Object.getOwnPropertyDescriptor(globalThis, 'tools').get`,
  `typeof (function () { return this })()?.process`,
  `typeof import.meta.url`,
  `typeof globalThis['$cellhost$begin']`,
  `typeof WebAssembly + typeof SharedArrayBuffer + typeof Atomics === 'undefined'.repeat(3) ? 'undefined' : 'got it'`,
  `typeof Object.getOwnPropertyNames(globalThis).find((name) => /ivm|cellhost|isolate/i.test(name))`,
  `typeof [...Object.getOwnPropertySymbols(globalThis)].find((s) => s !== Symbol.toStringTag)`,
];

/** Replaces every function of every built-in by one that looks at what it is given. */
const SPIES = `
const watching = { on: false };
const spied = [];
const internals = [];
const spy = (object, key, original) => mine(function () {
  if (watching.on) {
    watching.on = false;
    internals.push([stringOf(key), this, ...arguments]);
    watching.on = true;
  }
  return new.target ? Reflect_construct(original, arguments, new.target) : apply(original, this, arguments);
});
const Reflect_construct = Reflect.construct, define = Object.defineProperty;
const roots = [Object, Function, Array, String, Number, Boolean, Symbol, Map, Set, WeakMap, Promise, Error, TypeError, RegExp, JSON, Reflect, Math, BigInt, Proxy, Iterator];
for (const root of roots) for (const object of [root, root.prototype]) {
  if (object === undefined || object === null) continue;
  for (const key of ownKeys(object)) {
    const field = getOwnPropertyDescriptor(object, key);
    if (key === 'constructor' || key === 'prototype' || typeof field.value !== 'function' || !field.configurable) continue;
    spied.push([object, key, field]);
  }
}
const watch = () => { for (const [object, key, field] of spied) define(object, key, { ...field, value: spy(object, key, field.value) }); watching.on = true };
const stop = () => { watching.on = false; for (const [object, key, field] of spied) define(object, key, field) };
`;

/** A source for `walkingProgram`: looks at what the helpers give to built-ins. */
export const SPIED_WALK = `${SPIES}
      const iterable = { *[Symbol.iterator]() { yield 1 } };
      watch();
      say({ a: 1 }); say('s'); store('k', { v: 1 }); load('k'); notify('n');
      image({ type: 'image', data: 'AAAA', mimeType: 'image/png' }, 'low'); content([{ type: 'text', text: 't' }]); audio('data:,');
      try { image() } catch {} try { notify('') } catch {}
      const call = tools.echo({ a: [1] }); const failing = tools.fail(); const timer = setTimeout(() => {}, 0); clearTimeout(timer);
      const records = as_settled(iterable); const streamed = stream_settled(iterable, () => {});
      try { await failing } catch {} await call; await streamed; await records.next();
      stop();
      for (const entry of internals) { const [key, ...values] = entry; for (const value of values) look(value, 'given to ' + key) }`;

/** A source for `walkingProgram`: looks at the objects of the helpers whose fields meet its accessors. */
export const ACCESSOR_WALK = `
      const collected = mine(new Set()); const define = Object.defineProperty;
      const names = ['get', 'set', 'value', 'then', 'length', '0', '1', '2', 'kind', 'id', 'resolve', 'reject', 'record', 'next', 'head', 'tail', 'left',
        'wake', 'index', 'status', 'reason', 'bare', 'fail', 'meta', 'load', 'identifier', 'description', 'name', 'ok', 'up', 'flush', 'fetch', 'upMany', 'toJSON', 'done', 'return'];
      for (const name of names) define(Object.prototype, name, Object.setPrototypeOf({
        get: mine(function () { apply(add, collected, [this]) }), set: mine(function (v) { apply(add, collected, [this]); apply(add, collected, [v]) }),
        configurable: true }, null));
      say({ a: 1 }); store('k', { v: 1 }); load('k'); notify('n'); image({ type: 'image', data: 'AAAA' }); content([{ type: 'text', text: 't' }]);
      const call = tools.echo({ a: [1] }); try { await tools.fail() } catch {} await call; setTimeout(() => {}, 0);
      await stream_settled([1, tools.echo(2)], () => {}); try { image() } catch {} try { await import('x') } catch {}
      for (const name of names) delete Object.prototype[name];
      for (const one of collected) look(one, 'this of an accessor');`;

/** A program that walks, and then says what it found. */
export function walkingProgram(source: string): string {
  return `${GUEST_WALK}\n${SETTLE}\n${source};\nreport();`;
}
