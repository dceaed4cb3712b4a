// Loads bundles with the code that V8 compiled for them in earlier processes. A bundle is a function, as
// Node.js makes one of a CommonJS module. Node's own cache of compiled code has only what runs at the
// start of a module: each function that a process calls for the first time would be compiled anew, which
// takes half of the time of the first calls.
const fs = require('node:fs');
const Module = require('node:module');
const { basename, dirname, join } = require('node:path');
const vm = require('node:vm');

/** The name of the contents of a bundle, which its first line begins with. */
const ID = /^\/\*([0-9a-f]{32})\*\//;
const NUMBER_BYTES = 4;
const OWNER_ONLY = 0o600;
/** The same functions do not always take the same memory. */
const MORE_BYTES = 512;

/**
 * The text of a bundle, and what is kept of its code.
 *
 * @param {string} path @param {string | null} folder
 */
function find(path, folder) {
  const source = fs.readFileSync(path, 'latin1');
  const id = ID.exec(source)?.[1];
  const file = folder === null || !id ? null : join(folder, `${basename(path)}-${id}`);
  return { path, source, file, code: read(file) };
}

/** A bundle that was loaded, and where its code is kept. */
class Bundle {
  /** @param {ReturnType<typeof find>} found */
  constructor({ path, source, file, code }) {
    this.file = file;
    this.script = new vm.Script(source, {
      filename: path,
      cachedData: code,
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    /** The size of the code that is kept, in bytes; 0 if there is none that V8 takes. */
    this.kept = this.script.cachedDataRejected === false && code ? code.length : 0;
  }

  keep() {
    if (this.file === null) return;
    const code = this.script.createCachedData();
    if (code.length < this.kept + MORE_BYTES) return;
    if (write(this.file, code)) this.kept = code.length;
  }
}

/**
 * What `write` has written; undefined if that is not there or has changed.
 *
 * @param {string | null} file
 */
function read(file) {
  if (file === null) return undefined;
  let bytes;
  try {
    bytes = fs.readFileSync(file);
  } catch {
    return undefined;
  }
  const half = bytes.subarray(0, bytes.length / 2);
  return half.length > 0 && half.equals(bytes.subarray(half.length)) ? half : undefined;
}

/**
 * V8 does not notice if a byte of its code has changed on the disk, and crashes. So all is written twice.
 *
 * @param {string} file @param {Uint8Array} bytes
 * @returns {boolean} Whether it could be written.
 */
function write(file, bytes) {
  const unfinished = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(unfinished, Buffer.concat([bytes, bytes]), { mode: OWNER_ONLY });
    fs.renameSync(unfinished, file);
    return true;
  } catch {
    // Without it, the next process compiles the code again.
    fs.rm(unfinished, { force: true }, () => {});
    return false;
  }
}

/** Bundles, with their code in a folder. */
exports.KeptCode = class KeptCode {
  /** @type {Bundle[]} */
  #bundles = [];
  /** @type {Map<string, ReturnType<typeof find>>} */
  #ahead = new Map();
  #folder;

  /** @param {string | null} folder Only this user can write there; null if nothing is kept. */
  constructor(folder) {
    this.#folder = folder;
  }

  /**
   * @param {string} path Of a bundle. It can require those beside it by their names.
   * @returns {any} What it exports.
   */
  load(path) {
    const ordinary = Module.createRequire(path);
    const known = ordinary.cache[path];
    if (known !== undefined) return known.exports;
    const bundle = new Bundle(this.#ahead.get(path) ?? find(path, this.#folder));
    this.#ahead.delete(path);
    this.#bundles.push(bundle);
    const module = new Module(path, undefined);
    module.filename = path;
    ordinary.cache[path] = module;
    const isBeside = /^\.\/[^/]*\.cjs$/;
    const require = Object.assign(
      (/** @type {string} */ name) =>
        isBeside.test(name) ? this.load(join(dirname(path), name)) : ordinary(name),
      ordinary,
    );
    bundle.script.runInThisContext()(module.exports, require, module, path, dirname(path));
    return module.exports;
  }

  /** Reads a bundle and its code now: they may be unreadable when it is loaded. @param {string} path */
  readAhead(path) {
    this.#ahead.set(path, find(path, this.#folder));
  }

  /** Whether code is kept and there is none yet of some bundle. */
  get lacks() {
    return this.#bundles.some(({ file, kept }) => file !== null && kept === 0);
  }

  /**
   * Keeps what is compiled by now of each bundle if that is more than what is kept: what an earlier
   * process has compiled is there, too. Takes about 5 ms for each MiB.
   */
  keep() {
    for (const bundle of this.#bundles) bundle.keep();
  }

  /**
   * Keeps code of a script beside that of the first bundle.
   *
   * @param {string} name @param {string} text The script. @param {Uint8Array} code What V8 made of it.
   */
  keepScript(name, text, code) {
    const file = this.#fileOf(name);
    if (file === null) return;
    const length = Buffer.alloc(NUMBER_BYTES);
    const source = Buffer.from(text);
    length.writeUInt32LE(source.length);
    write(file, Buffer.concat([length, source, code]));
  }

  /** A script that was kept by this name, and its code. @param {string} name */
  script(name) {
    const bytes = read(this.#fileOf(name));
    if (bytes === undefined || bytes.length < NUMBER_BYTES) return undefined;
    const end = NUMBER_BYTES + bytes.readUInt32LE();
    return { text: bytes.toString('utf8', NUMBER_BYTES, end), code: bytes.subarray(end) };
  }

  /** @param {string} name */
  #fileOf(name) {
    const file = this.#bundles[0]?.file ?? null;
    return file === null ? null : `${file}-${name}`;
  }
};
