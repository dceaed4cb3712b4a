// What `globals: 'web'` adds to a context. Becomes the body of a function of `random`, which returns
// 2,048 random hexadecimal digits each time. Runs before the program, in its context.

import { restoreBuiltIns } from './before.js';
import 'core-js/modules/web.structured-clone.js';
import 'core-js/modules/web.atob.js';
import 'core-js/modules/web.btoa.js';
import { TextDecoder, TextEncoder } from '@exodus/bytes/encoding.js';
import { URL, URLSearchParams } from 'whatwg-url';

const { structuredClone, atob, btoa, DOMException } = globalThis;
const { defineProperty } = Object;
const UUID_DIGITS = 32;

restoreBuiltIns();
// Through this core-js finds its own state only while it is set up.
delete globalThis['__core-js_shared__'];

let digits = '';
let used = 0;

function nextDigits() {
  if (used === digits.length) {
    digits = random();
    used = 0;
  }
  const from = used;
  used += UUID_DIGITS;
  const taken = [];
  for (let at = 0; at < UUID_DIGITS; at += 1) taken[at] = digits[from + at];
  return taken;
}

const VARIANTS = { 0: '8', 1: '9', 2: 'a', 3: 'b' };

/** A random UUID of version 4. */
function randomUUID() {
  const hex = nextDigits();
  hex[12] = '4';
  hex[16] = VARIANTS[`0x${hex[16]}` & 3];
  let text = '';
  for (let at = 0; at < UUID_DIGITS; at += 1) {
    if (at === 8 || at === 12 || at === 16 || at === 20) text += '-';
    text += hex[at];
  }
  return text;
}

async function callSoon(callback) {
  await undefined;
  callback();
}

function queueMicrotask(callback) {
  if (typeof callback !== 'function') {
    throw new TypeError('queueMicrotask expects a function callback');
  }
  void callSoon(callback);
}

function install(name, value, enumerable) {
  defineProperty(globalThis, name, { value, writable: true, enumerable, configurable: true });
}

const interfaces = { URL, URLSearchParams, TextDecoder, TextEncoder, DOMException };
const functions = { structuredClone, atob, btoa, queueMicrotask, crypto: { randomUUID } };
for (const name in interfaces) install(name, interfaces[name], false);
for (const name in functions) install(name, functions[name], true);
