import { MARK_ALL } from './world-dump.ts';

/**
 * Sources that try to leave something behind for the program that runs in the same isolate next.
 * Each ends well.
 */
export const LEFTOVERS: Readonly<Record<string, string>> = {
  'marks on everything': MARK_ALL,
  'everything frozen': `${MARK_ALL} for (const one of seen) try { Object.freeze(one) } catch {}`,
  'everything without a prototype': `${MARK_ALL} const set = Reflect.setPrototypeOf; for (const one of seen) try { set(one, null) } catch {}`,
  'everything emptied': `${MARK_ALL} const { deleteProperty } = Reflect; for (let at = 0; at < marked.length; at++) { const keys = ownKeys(marked[at]); for (let n = 0; n < keys.length; n++) deleteProperty(marked[at], keys[n]) }`,
  'globals and accessors': `for (const name of ['secret', 'text', 'tools', 'then', 'get', 'set', 'value', 'left'])
    for (const one of [globalThis, Object.prototype, Function.prototype, Promise.prototype])
      try { Object.defineProperty(one, name, { __proto__: null, get() { throw 'left' }, set() { throw 'left' }, configurable: true }) } catch {}`,
  'a prototype of the global object': `Object.setPrototypeOf(Object.prototype === Object.getPrototypeOf(globalThis) ? globalThis : {}, new Proxy({}, { get: () => 'left', has: () => true }))`,
  'symbols in the registry': `Symbol.for('left').description; for (let n = 0; n < 1_000; n++) Symbol.for('left' + n); Symbol.prototype.left = 1`,
  'the last match': `/(l)(e)(f)t/.exec('xxleftyy'); RegExp.input = 'left'; RegExp.prototype.lastIndex = 4; RegExp.prototype.exec = () => ['left']`,
  templates: `const tag = (parts) => parts; globalThis.kept = tag\`a\${1}b\`; globalThis.same = ((parts) => parts)\`a\${1}b\``,
  'a hook for stacks': `Error.prepareStackTrace = () => 'left'; Error.stackTraceLimit = 0; Error.captureStackTrace = () => {}; TypeError.prototype.name = 'left'`,
  'a getter for stacks': `Object.defineProperty(Error.prototype, 'stack', { get: () => 'left', set() {} })`,
  'code in caches': `const code = 'globalThis.left = 1, () => left'; for (let n = 0; n < 50; n++) { eval(code)(); new Function('return left')() } globalThis.eval = () => 'left'`,
  'a thenable everywhere': `Object.prototype.then = function (done) { done('left') }; Promise.prototype.constructor = function () {}; Promise.resolve = () => 'left'`,
  'other constructors': `for (const name of ['Array', 'Object', 'Map', 'Promise', 'String', 'RegExp', 'Error']) globalThis[name] = function () { return 'left' }`,
  'species and iterators': `Array.prototype[Symbol.iterator] = function* () { yield 'left' }; Object.defineProperty(Array, Symbol.species, { get: () => function () { return ['left'] } });
    Map.prototype[Symbol.iterator] = Map.prototype.forEach = () => 'left'`,
  'a call that is not answered': `void tools.never().then(() => text('left'), () => text('left'))`,
  'calls that are answered when it is over': `for (let n = 0; n < 20; n++) void tools.echo(n).then(() => { for (;;) text('left') })`,
  timers: `for (let n = 0; n < 50; n++) setTimeout(() => { for (;;) text('left') }, n)`,
  notifications: `for (let n = 0; n < 5; n++) notify('left ' + n)`,
  'promises that wait': `globalThis.keep = []; for (let n = 0; n < 100; n++) { const { promise, resolve } = Promise.withResolvers(); keep.push(resolve); void promise.then(() => text('left')) }`,
  'functions that wait': `void (async () => { await tools.never(); for (;;) text('left') })(); const steps = (async function* () { yield 1; text('left') })(); await steps.next(); void steps.next`,
  'settlements that wait': `const records = as_settled([tools.never(), new Promise(() => {})]); void records.next().then(() => text('left')); void stream_settled([tools.never()], () => text('left'))`,
  'a rejection that is handled late': `const rejected = Promise.reject(new Error('left')); rejected.catch(() => {}); void Promise.allSettled([Promise.reject(1)])`,
  'stored values': `const before = load('own'); store('own', 1); if (before !== undefined && before !== 1) throw new Error('not its own')`,
  'weak references': `globalThis.refs = []; for (let n = 0; n < 1_000; n++) refs.push(new WeakRef({ n })); new WeakMap().set(Object, 1); new FinalizationRegistry(() => text('left'))`,
  'an array that grows by accessors': `Object.defineProperty(Array.prototype, 0, { set() {}, get: () => 'left', configurable: true }); Object.defineProperty(Object.prototype, 1, { get: () => 'left', set() {}, configurable: true })`,
  'deep recursion that was caught': `const deeper = () => deeper(); try { deeper() } catch (error) { globalThis.left = error } try { JSON.parse('['.repeat(1e5)) } catch {}`,
  'hot code': `let sum = 0; const add = (a, b) => a + b; for (let n = 0; n < 200_000; n++) sum = add(sum, n); add('a', {}); Number.prototype.valueOf = () => 'left'; Object.defineProperty(Symbol.prototype, Symbol.toPrimitive, { value: null })`,
  locales: `new Intl.DateTimeFormat('ar-EG', { timeZone: 'Asia/Tokyo' }).format(); Intl.DateTimeFormat.prototype.resolvedOptions = () => 'left'; Date.prototype.getTimezoneOffset = () => 1; 'a'.localeCompare('b', 'sv')`,
  'random numbers': `Math.random(); Math.random = () => 0.5; Date.now = () => 0`,
};

/** Programs that throw what runs code of theirs when it is shown. Their isolates are used again. */
export const THROWN: Readonly<Record<string, string>> = {
  'an error': `throw new Error('left')`,
  nothing: `throw undefined`,
  'an object without a prototype': `throw Object.create(null)`,
  'an error whose stack is a getter that goes on later': `throw Object.defineProperty(new Error(), 'stack', { get() { void (async () => { await null; text('left'); setTimeout(() => { for (;;); }, 1); await tools.never() })(); return 'left' } })`,
  'an error whose message calls tools': `throw Object.defineProperty(new Error(), 'message', { get() { void tools.echo(1).then(() => { for (;;) text('left') }); return 'left' } })`,
  'a proxy': `const trap = () => { void Promise.resolve().then(() => text('left')); throw trap }; throw new Proxy({}, { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap })`,
  'a proxy of an error': `throw new Proxy(new Error('left'), { get: (error, name) => { globalThis.left ??= []; left.push(name); return error[name] } })`,
  'an error with itself as its cause': `const error = new Error('left'); error.cause = error; error.errors = [error]; throw error`,
  'a promise': `throw new Promise(() => {})`,
  'a thenable': `throw { then(done) { text('left'); for (let n = 0; n < 9; n++) done('left') } }`,
  'what overflows the stack': `const deeper = () => deeper(); deeper()`,
  'what overflows the stack when it is shown': `throw { toString() { return String(this) }, get stack() { return this.stack }, get message() { return this.message } }`,
  'from a hook for stacks': `Error.prepareStackTrace = () => { throw new Error('left') }; null.x`,
  'from a timer, while calls wait': `void tools.never(); setTimeout(() => { throw new Error('left') }); await new Promise(() => {})`,
  'after it has replaced what shows errors': `Error.prototype.toString = Object.prototype.toString = String.prototype.toString = () => { throw 'left' }; globalThis.String = globalThis.JSON = undefined; throw new TypeError('left')`,
  'an error of a tool': `await tools.fail()`,
  'what does not parse': `let left = ;`,
  'what V8 alone does not parse': `const left = /(/`,
};

/** Sources that leave something that V8 would run, or know, when they are over. Their isolates are not used again. */
export const LASTING: Readonly<Record<string, string>> = {
  'a finalizer': `globalThis.registry = new FinalizationRegistry(() => { for (;;); }); registry.register({}, 1)`,
  'a finalizer of a class of its own': `class Own extends FinalizationRegistry {} globalThis.registry = new Own(() => { for (;;); }); registry.register({}, 1)`,
  'a finalizer that is made by Reflect': `const made = Reflect.construct(FinalizationRegistry, [() => { for (;;); }], Array); Reflect.apply(FinalizationRegistry.prototype.register, made, [{}, 1])`,
  'a finalizer behind traps on the prototype of objects': `let plain;
    for (const name of ['get', 'apply', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'ownKeys', 'has', 'construct'])
      Object.defineProperty(Object.prototype, name, { __proto__: null, configurable: true, get: () => (target) => { plain ??= target } });
    const { register } = FinalizationRegistry.prototype;
    for (const look of [() => register.name, () => Object.getPrototypeOf(register), () => Reflect.ownKeys(register), () => new register()]) try { look() } catch {}
    const registry = new FinalizationRegistry(() => { for (;;); }); Reflect.apply(typeof plain === 'function' ? plain : register, registry, [{}, 1])`,
  'a finalizer at the end of the stack': `const registry = new FinalizationRegistry(() => { for (;;); }); let done = false;
    const deeper = () => { try { deeper() } catch {} if (!done) try { registry.register({}, 1); done = true } catch {} }; deeper();
    if (!done) throw new Error('nothing was registered')`,
  'a rejection that nobody handles': `void Promise.reject(new Error('left'))`,
  'a rejection whose stack is a getter': `const error = new Error('left'); Object.defineProperty(error, 'stack', { get() { void (async () => { await null; for (;;); })(); return 'left' } }); void Promise.reject(error)`,
  'a rejection whose message rejects': `void Promise.reject(Object.defineProperty(new Error(), 'message', { get() { void Promise.reject(new Error('secret')); return 'left' } }))`,
};
