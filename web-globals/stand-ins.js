// What stands for globals that packages expect and contexts do not have.

export { TextDecoder, TextEncoder } from '@exodus/bytes/encoding.js';

/** Nothing is an instance of it. Its getters are only asked whether a value is one. */
class Unshared {
  get byteLength() {
    throw new TypeError('This is not a SharedArrayBuffer');
  }

  get growable() {
    throw new TypeError('This is not a SharedArrayBuffer');
  }
}

export { Unshared as SharedArrayBuffer };
