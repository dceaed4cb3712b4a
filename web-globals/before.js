// Loaded before anything else.

import { DOMException } from './dom-exception.js';

/** A built-in that core-js replaces on its way. */
const descriptor = Object.getOwnPropertyDescriptor(Function.prototype, 'toString');

/** Puts it back. */
export function restoreBuiltIns() {
  Object.defineProperty(Function.prototype, 'toString', descriptor);
}

// core-js looks for it once.
globalThis.DOMException = DOMException;
