// Loaded before a program that is run with `--expose-gc`: its whole heap is collected often while it starts.
const COLLECTIONS = 20;

/** @param {number} left */
function collect(left) {
  global.gc?.();
  if (left > 1) setImmediate(collect, left - 1);
}

setImmediate(collect, COLLECTIONS);
