/** Takes what it needs from the built-ins before it breaks them, so that what fails is a helper. */
export const OPENING = `
  const broken = () => { throw 'a helper used an overwritten built-in' };
  const { defineProperty, getOwnPropertyNames, getPrototypeOf, setPrototypeOf } = Object;
  const plain = (fields) => setPrototypeOf(fields, null);
  const trap = (object, name) => defineProperty(object, name,
    plain({ get: broken, set: broken, configurable: true }));
  const replace = (object, name) => defineProperty(object, name,
    plain({ value: broken, writable: true, configurable: true }));
  const replaceAll = (object, except) => {
    const names = getOwnPropertyNames(object);
    for (let at = 0; at < names.length; at++) {
      const name = names[at];
      if (name === 'constructor' || name === except) continue;
      try { if (typeof object[name] === 'function') replace(object, name) } catch {}
    }
  };
  const Later = Promise;
  const { apply } = Reflect;
  const nextOf = getPrototypeOf(getPrototypeOf((async function* () {})())).next;
  const inputs = plain({ done: 0 });
  inputs[Symbol.iterator] = () => plain({ next: () => inputs.done++ ? plain({ done: true })
    : plain({ done: false, value: 'settled' }) });
`;

/** Uses every helper once. */
export const EXERCISE = `
  text({ a: [1, 'x'] });
  text((await tools.echo({ n: [1, { s: 'x' }] })).n[1].s);
  try { await tools.fail() } catch (e) { text(e.message) }
  try { notify(' ') } catch (e) { text(e.message) }
  store('k', { v: [1] }); text(load('k').v[0]);
  notify('note');
  image({ type: 'image', data: 'AAAA', mimeType: 'image/png' }, 'low');
  content({ type: 'text', text: 'block' });
  await new Later((done) => setTimeout(done, '1'));
  clearTimeout(setTimeout(() => text('cleared'), 1));
  text((await apply(nextOf, as_settled(inputs), [])).value.value);
  inputs.done = 0;
  await stream_settled(inputs, (record) => text(record.value));
  text('end');
`;

/** The texts of `EXERCISE`. */
export const EXERCISE_TEXTS = [
  '{"a":[1,"x"]}',
  'x',
  'tool failed badly',
  'notify expects non-empty text',
  '1',
  'block',
  'settled',
  'settled',
  'end',
];

/** Sources that overwrite built-ins, to run behind `OPENING`. */
export const SABOTAGES: Readonly<Record<string, string>> = {
  'nothing at all': '',
  'the iterator of arrays': `replace(Array.prototype, Symbol.iterator)`,
  'every method of arrays': `replaceAll(Array.prototype)`,
  'the first places of arrays': `for (let at = 0; at < 8; at++) trap(Array.prototype, String(at))`,
  'the first places of objects': `for (let at = 0; at < 8; at++) trap(Object.prototype, String(at))`,
  'the names of descriptors': `trap(Object.prototype, 'get'); trap(Object.prototype, 'set');
    trap(Object.prototype, 'writable'); trap(Object.prototype, 'enumerable'); trap(Object.prototype, 'configurable')`,
  'the name value': `trap(Object.prototype, 'value')`,
  'the name length': `trap(Object.prototype, 'length')`,
  'the name then': `defineProperty(Object.prototype, 'then', plain({ get() {}, set: broken, configurable: true }))`,
  'names the helpers use inside': `for (const name of ['kind', 'id', 'resolve', 'reject', 'next', 'head', 'tail',
    'wake', 'left', 'record', 'index', 'status', 'reason', 'bare', 'fail', 'meta', 'load', 'ok', 'json', 'message2'])
    trap(Object.prototype, name)`,
  JSON: `replaceAll(JSON); globalThis.JSON = undefined`,
  'the methods of maps': `replaceAll(Map.prototype); globalThis.Map = broken`,
  'the methods of sets and weak maps': `replaceAll(Set.prototype); replaceAll(WeakMap.prototype)`,
  'the methods of texts': `replaceAll(String.prototype); replace(String.prototype, Symbol.iterator)`,
  'the functions String, Number, Symbol, Error and TypeError': `for (const name of ['String', 'Number', 'Symbol', 'Error', 'TypeError']) globalThis[name] = broken`,
  'call, apply and bind': `replaceAll(Function.prototype)`,
  Reflect: `replaceAll(Reflect); globalThis.Reflect = undefined`,
  'the functions of Object': `replaceAll(Object)`,
  'the methods of objects': `replaceAll(Object.prototype)`,
  'the functions of Array': `replaceAll(Array); globalThis.Array = broken`,
  'the functions of Promise': `replaceAll(Promise)`,
  'then, catch and finally': `replaceAll(Promise.prototype)`,
  'Promise itself': `globalThis.Promise = broken`,
  'the species of promises': `trap(Promise, Symbol.species)`,
  'the functions of Math': `replaceAll(Math)`,
  'the methods of numbers and symbols': `replaceAll(Number.prototype); replaceAll(Symbol.prototype)`,
  'the methods of errors': `replaceAll(Error.prototype); replace(Error, 'captureStackTrace')`,
  'the length of stacks': `Error.stackTraceLimit = 0`,
  'the place of stacks, where it is gone': `delete Error.stackTraceLimit`,
  'how stacks are made, with something that throws': `Error.prepareStackTrace = broken`,
  'how stacks are made, with something odd': `Error.prepareStackTrace = (error, frames) => frames`,
  'how stacks are made, with nothing': `Error.prepareStackTrace = () => {}`,
  'the methods of generators': `const generator = getPrototypeOf(getPrototypeOf((async function* () {})()));
    replaceAll(generator); replaceAll(getPrototypeOf(generator)); replaceAll(Iterator.prototype)`,
  'eval and Function': `globalThis.eval = broken; globalThis.Function = broken`,
  'the setter of the prototype': `trap(Object.prototype, '__proto__')`,
  'the global object, by freezing it': `Object.freeze(globalThis)`,
  'the prototypes, by freezing them': `for (const one of [Object, Array, Map, Promise, String, Function, Error])
    Object.freeze(one.prototype)`,
};
