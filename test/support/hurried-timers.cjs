// Loaded before a program: what it would do after seconds happens twenty times as early.
const LONG_MS = 2000;
const HURRY = 20;

const { setTimeout } = globalThis;
globalThis.setTimeout = /** @type {typeof setTimeout} */ (
  Object.assign(
    (/** @type {() => void} */ act, /** @type {number} */ ms, /** @type {[]} */ ...rest) =>
      setTimeout(act, ms >= LONG_MS ? ms / HURRY : ms, ...rest),
    setTimeout,
  )
);
