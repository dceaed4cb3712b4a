/** Values that hold what no global leads to. */
const ROOTS = `[globalThis, (function () { return arguments })(), async () => {}, function* () {}, async function* () {},
  (function* () {})(), (async function* () {})(), [][Symbol.iterator](), new Map().entries(), new Set().values(), ''[Symbol.iterator](),
  'a'.matchAll(/a/g), /a/, new Error('x'), Iterator.from({ next() {} }), [].values().map((x) => x), ((parts) => parts)\`a\${1}b\`,
  new Intl.Segmenter().segment('a'), Object.getOwnPropertyDescriptor(new Error('x'), 'stack'),
  Object.getOwnPropertyDescriptor(Function.prototype, 'caller'), Symbol.for('left'), Object(Symbol.for('left')), import.meta]`;

/**
 * A program that writes down everything it can reach: each object with its prototype, its fields and
 * their flags, and what getters return. Two programs in equal surroundings write the same.
 */
export const WORLD_DUMP = `
const ids = new Map(), queue = [], lines = [];
const idOf = (value, where) => {
  if (!ids.has(value)) { ids.set(value, ids.size); queue.push([value, where]) }
  return '#' + ids.get(value);
};
const shown = (value, where) => (typeof value === 'object' && value !== null) || typeof value === 'function'
  ? idOf(value, where) : typeof value + ' ' + (Object.is(value, -0) ? '-0' : String(value));
const got = (get, value, where) => { try { return shown(Reflect.apply(get, value, []), where) } catch (e) { return 'throws ' + e.name } };
for (const [at, root] of ${ROOTS}.entries()) lines.push(shown(root, 'root ' + at));
for (const [value, where] of queue) {
  const line = [where, shown(Object.getPrototypeOf(value), where + '.__proto__'), Object.isExtensible(value), Object.prototype.toString.call(value)];
  if (typeof value === 'function') line.push(Function.prototype.toString.call(value));
  for (const key of Reflect.ownKeys(value)) {
    const inner = where + '.' + String(key);
    const field = Object.getOwnPropertyDescriptor(value, key);
    line.push(String(key) + (field.writable ? 'w' : '') + (field.enumerable ? 'e' : '') + (field.configurable ? 'c' : ''));
    if ('value' in field) line.push(shown(field.value, inner));
    else line.push(shown(field.get, inner + '(get)'), shown(field.set, inner + '(set)'), field.get ? got(field.get, value, inner + '()') : '');
  }
  lines.push(line.join(' | '));
}
text(lines.join('\\n'));
`;

/** A source that puts a mark on everything it can reach, and makes a list of it. */
export const MARK_ALL = `
const seen = new Set(), stack = [...${ROOTS}];
const { defineProperty, getPrototypeOf, getOwnPropertyDescriptor } = Object, { ownKeys } = Reflect;
while (stack.length > 0) {
  const value = stack.pop();
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue;
  seen.add(value);
  stack.push(getPrototypeOf(value));
  for (const key of ownKeys(value)) {
    const field = getOwnPropertyDescriptor(value, key);
    stack.push(field.value, field.get, field.set);
  }
}
const marked = [...seen].filter((value) => Reflect.defineProperty(value, 'left', { value: 'behind', configurable: true }));
`;
