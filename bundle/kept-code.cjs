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

/** A bundle that was loaded, and where its code is kept. */
class Bundle {
  /** @param {string} source @param {string} path @param {string | null} folder */
  constructor(source, path, folder) {
    const id = ID.exec(source)?.[1];
    this.file = folder === null || !id ? null : join(folder, `${basename(path)}-${id}`);
    const { number, bytes } = read(this.file);
    this.script = new vm.Script(source, {
      filename: path,
      cachedData: bytes,
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    /** How much work the process had done that kept the code; 0 if V8 had none that it takes. */
    this.work = this.script.cachedDataRejected === false ? number : 0;
  }

  /** @param {number} work */
  keep(work) {
    if (this.file === null) return;
    if (write(this.file, work, this.script.createCachedData())) this.work = work;
  }
}

const NOTHING = { number: 0, bytes: undefined };

/**
 * What `write` has written; nothing if that is not there or has changed.
 *
 * @param {string | null} file
 */
function read(file) {
  let bytes;
  try {
    bytes = file === null ? Buffer.alloc(0) : fs.readFileSync(file);
  } catch {
    return NOTHING;
  }
  const half = bytes.subarray(0, bytes.length / 2);
  if (half.length <= NUMBER_BYTES || !half.equals(bytes.subarray(half.length))) return NOTHING;
  return { number: half.readUInt32LE(0), bytes: half.subarray(NUMBER_BYTES) };
}

/**
 * V8 does not notice if a byte of its code has changed on the disk, and crashes. So all is written twice.
 *
 * @param {string} file @param {number} number 0 to 2³² − 1. @param {Uint8Array} bytes
 * @returns {boolean} Whether it could be written.
 */
function write(file, number, bytes) {
  const head = Buffer.alloc(NUMBER_BYTES);
  head.writeUInt32LE(number);
  const unfinished = `${file}.${process.pid}`;
  try {
    const all = Buffer.concat([head, bytes, head, bytes]);
    fs.writeFileSync(unfinished, all, { mode: OWNER_ONLY });
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
    const bundle = new Bundle(fs.readFileSync(path, 'latin1'), path, this.#folder);
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

  /** Whether code is kept and some of it came from a process that had done less than this, or from none. @param {number} work */
  lacks(work) {
    return this.#bundles.some((bundle) => bundle.file !== null && bundle.work < work);
  }

  /**
   * Keeps what is compiled by now of bundles whose code came from a process that had done less.
   *
   * @param {number} work How much this process has done, in a unit of the caller's; 1 to 2³² − 1.
   */
  keep(work) {
    for (const bundle of this.#bundles) if (bundle.work < work) bundle.keep(work);
  }

  /**
   * Keeps code of a script beside that of the first bundle.
   *
   * @param {string} name @param {string} text The script. @param {Uint8Array} code What V8 made of it.
   */
  keepScript(name, text, code) {
    const file = this.#fileOf(name);
    const source = Buffer.from(text);
    if (file !== null) write(file, source.length, Buffer.concat([source, code]));
  }

  /** A script that was kept by this name, and its code. @param {string} name */
  script(name) {
    const { number, bytes } = read(this.#fileOf(name));
    if (bytes === undefined) return undefined;
    return { text: bytes.toString('utf8', 0, number), code: bytes.subarray(number) };
  }

  /** @param {string} name */
  #fileOf(name) {
    const file = this.#bundles[0]?.file ?? null;
    return file === null ? null : `${file}-${name}`;
  }
};
