import { HOST_TEXT } from './host-paths.ts';

/**
 * Source at the start of a program, to inspect everything that it can reach.
 *
 * `look(value, where)` walks everything reachable from a value, and remembers suspicious findings;
 * `mine(value)` marks a value as the program's own; `report()` outputs the findings. The built-ins for
 * this are captured before the program can change anything.
 */
export const GUEST_WALK = `
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { apply, ownKeys } = Reflect;
const say = text;
const stringOf = String;
const jsonOf = JSON.stringify;
const sourceOf = Function.prototype.toString;
const test = RegExp.prototype.test;
const has = Set.prototype.has, add = Set.prototype.add;
const push = Array.prototype.push;
const own = new Set(), seen = new Set(), found = [], functions = [];
const ENGINE = /^(Reference|Callback|Isolate|Context|ExternalCopy|Script|Module|NativeModule|InspectorSession|CpuProfiler)$/;
const HOST = new RegExp(${JSON.stringify(HOST_TEXT)} + '|/node_modules|[.]ts\\\\b');
const FIELDS = /^(up|upMany|flush|fetch|receive|deliver|wiring|queue|waiting|batch|texts|callbacks|resolve|reject|wake|hidden|bare)$/;
const matches = (pattern, text) => { pattern.lastIndex = 0; return apply(test, pattern, [text]) };
const note = (what, where) => { if (found.length < 20) apply(push, found, [what + ' at ' + where]) };
const mine = (value) => { apply(add, own, [value]); return value };

function lookAtText(text, where) {
  if (matches(HOST, text)) note('host text ' + jsonOf(text).slice(0, 150), where);
}

function lookAtFunction(value, where) {
  const source = apply(sourceOf, value, []);
  const native = source.endsWith('{ [native code] }');
  const name = getOwnPropertyDescriptor(value, 'name')?.value ?? '';
  if (native && name === '' && value !== Function.prototype && !apply(has, nameless, [value])) note('nameless native function', where);
  if (!native) apply(push, functions, [stringOf(name)]);
}

function look(start, place) {
  const stack = [[start, place]];
  while (stack.length > 0) {
    const [value, where] = stack.pop();
    if (typeof value === 'string') { lookAtText(value, where); continue }
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue;
    if (apply(has, seen, [value]) || apply(has, own, [value])) continue;
    apply(add, seen, [value]);
    if (where.length > 300) { note('a path without end', where); continue }
    if (typeof value === 'function') lookAtFunction(value, where);
    const proto = getPrototypeOf(value);
    apply(push, stack, [[proto, where + '.__proto__']]);
    const keys = ownKeys(value);
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at], inner = where + '.' + stringOf(key);
      const field = getOwnPropertyDescriptor(value, key);
      if (typeof key === 'string') {
        lookAtText(key, inner);
        if (matches(ENGINE, key)) note('name of the engine', inner);
        if (matches(FIELDS, key) && value !== Promise && value !== Reflect) note('internal field', inner);
      }
      if (field === undefined) continue;
      apply(push, stack, [[field.value, inner], [field.get, inner + '(get)'], [field.set, inner + '(set)']]);
      if (field.get !== undefined) {
        try { apply(push, stack, [[apply(field.get, value, []), inner + '()']]) } catch (error) { apply(push, stack, [[error, inner + '!']]) }
      }
    }
    if (typeof value === 'object' && value instanceof Error) lookAtText(stringOf(value.stack), where + '.stack');
  }
}
const nameless = new Set();
const stackOf = getOwnPropertyDescriptor(new Error('x'), 'stack');
const callee = getOwnPropertyDescriptor((function () { return arguments })(), 'callee');
for (const field of [stackOf, callee, getOwnPropertyDescriptor(Function.prototype, 'caller')]) {
  apply(add, nameless, [field?.get]);
  apply(add, nameless, [field?.set]);
}
const report = () => { say(jsonOf(found)); say(jsonOf(functions)) };
for (const one of [look, lookAtText, lookAtFunction, note, mine, report, matches, own, seen, nameless, found, functions, ENGINE, HOST, FIELDS]) mine(one);
`;
