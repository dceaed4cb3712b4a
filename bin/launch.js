// Runs a command line program of this package on a Node that can: this one, or one it finds and
// starts the program with. Must work on Node 20, where the rest of this package does not.
// CommonJS, and modules are required where they are needed: a client waits for the host's first answer.
const fs = require('node:fs');
const { enableCompileCache, flushCompileCache, getCompileCacheDir } = require('node:module');
const { constants, homedir } = require('node:os');
const { dirname, join } = require('node:path');

const MIN_MAJOR = 24;
const ENGINE_FLAGS = ['--disable-warning=ExperimentalWarning'];
const STARTED_BY_US = 'CELLHOST_ENGINE';
const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
/** A terminal signals the launcher and the engine both, and the launcher passes its own on. */
const SAME_PRESS_MS = 50;
const LAST_RESORT_MS = 2000;
/** The codes of signals begin above this. */
const SIGNALLED = 128;
/** What the engine watches: the end of the launcher that holds the other side. */
const LIFELINE_FD = 3;
/** Longer than a host takes to close, whatever its clients do. */
const ORPHANED_MS = 6000;
/** Somebody may end a program that serves at any time, so it keeps what it compiled early, and again after longer and longer. */
const KEEP_COMPILED_MS = 2000;
const KEEP_AGAIN_FACTOR = 4;
const KEEP_AT_LEAST_EVERY_MS = 3_600_000;
const OWNER_ONLY = 0o700;
/** The first collection of the whole heap comes while a program is loaded, the next where it has much to do. */
const BUSY_COLLECTIONS = 3;
const LARGE_STEPS = '--heap-growing-percent=400 --external-memory-accounted-in-global-limit';
const USUAL_STEPS = '--heap-growing-percent=0 --no-external-memory-accounted-in-global-limit';

/** Whether the heap grows in large steps. */
let isLarge = false;
const wasStarted = process.env[STARTED_BY_US] !== undefined;
delete process.env[STARTED_BY_US];

/** The signals of this process, without echoes. */
const signalSource = {
  /** @type {Map<() => void, () => void>} */
  filtered: new Map(),
  count: 0,
  lastAt: Number.NEGATIVE_INFINITY,

  /** @param {NodeJS.Signals} signal @param {() => void} listener */
  on(signal, listener) {
    const heard = () => {
      const isEcho = wasStarted && performance.now() - this.lastAt < SAME_PRESS_MS;
      this.lastAt = performance.now();
      if (isEcho) return;
      this.count += 1;
      listener();
    };
    this.filtered.set(listener, heard);
    process.on(signal, heard);
  },

  /** @param {NodeJS.Signals} signal @param {() => void} listener */
  off(signal, listener) {
    process.off(signal, this.filtered.get(listener) ?? listener);
  },
};

/**
 * @param {string} bin The file that was started.
 * @param {string} program The module in `host/cli/` that has its `main`.
 */
exports.launch = async function launch(bin, program) {
  if (isThisEngine()) await runHere(isAttached() ? 'attach-command' : program);
  else if (wasStarted) fail(`Cannot run on ${process.execPath}, which is Node ${process.version}`);
  else runThere(findEngine(), bin);
};

/** A process that only passes bytes on loads no more than that needs: its agent waits for it. */
function isAttached() {
  return process.argv[2] === 'mcp' && process.argv[3] === '--attach';
}

function isThisEngine() {
  if (Number.parseInt(process.versions.node, 10) < MIN_MAJOR) return false;
  const wanted = process.env.CELLHOST_NODE;
  return wasStarted || !wanted || realPath(wanted) === realPath(process.execPath);
}

function findEngine() {
  if (process.env.CELLHOST_NODE) return process.env.CELLHOST_NODE;
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  try {
    const manifest = require.resolve('node/package.json');
    const path = join(dirname(manifest), 'bin', name);
    if (fs.existsSync(path)) return path;
  } catch {
    // The package is not installed.
  }
  fail(`Cannot run on Node ${process.version}`);
}

/** @param {string} engine @param {string} bin */
function runThere(engine, bin) {
  const args = [...ENGINE_FLAGS, bin, ...process.argv.slice(2)];
  const env = { ...process.env, [STARTED_BY_US]: '1' };
  const { spawn } = require('node:child_process');
  const child = spawn(engine, args, { stdio: ['inherit', 'inherit', 'inherit', 'pipe'], env });
  // Nothing is said on it. The system closes it however this process ends.
  child.stdio[LIFELINE_FD]?.on('error', () => {});
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`Cannot start ${engine}: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
  });
}

/** @param {string} program */
async function runHere(program) {
  const { stdin, stdout, stderr } = process;
  // A reader that is gone must not end the program; commands that need one listen for themselves.
  for (const stream of [stdin, stdout, stderr]) stream.on('error', () => {});
  if (wasStarted) endWithLauncher();
  muteExperimentalWarnings();
  keepCompiled();
  // Not before a client that greets a host is answered, which takes a turn of the event loop.
  setImmediate(() => setImmediate(growUnderLoad));
  const { main, keep } = load(program);
  const signals = signalSource;
  const io = {
    ...{ stdin, stdout, stderr, signals },
    get version() {
      return require('../package.json').version;
    },
  };
  const code = await main(process.argv.slice(2), io);
  keep();
  end(code);
}

/** @param {string} program */
function load(program) {
  const root = dirname(__dirname);
  const source = join(root, `host/cli/${program}.ts`);
  if (fs.existsSync(source)) return { main: require(source).main, keep: () => {} };
  const programs = join(root, 'dist/programs');
  const { KeptCode } = require(join(programs, 'kept-code.cjs'));
  const kept = new KeptCode(getCompileCacheDir() ?? null);
  const { main } = kept.load(join(programs, `${program}.cjs`));
  const keep = () => {
    // V8 takes code back only under the flags under which it was kept.
    setFlags(USUAL_STEPS);
    kept.keep();
    if (isLarge) setFlags(LARGE_STEPS);
  };
  const keepAfter = (/** @type {number} */ ms) => {
    setTimeout(() => {
      keep();
      keepAfter(Math.min(ms * KEEP_AGAIN_FACTOR, KEEP_AT_LEAST_EVERY_MS));
    }, ms).unref();
  };
  keepAfter(KEEP_COMPILED_MS);
  return { main, keep };
}

/**
 * `process.exit` would crash while an isolate that was busy winds down, so the process ends by
 * itself: everything is closed. Where something was left open, after a second Ctrl-C that forced the end, it is ended.
 *
 * @param {number} code
 */
function end(code) {
  process.exitCode = code;
  process.stdin.destroy();
  const isForced = signalSource.count > 1 && code > SIGNALLED;
  if (isForced) endNow(code);
  else setTimeout(() => endNow(code), LAST_RESORT_MS).unref();
}

/** @param {number} code */
function endNow(code) {
  process.emit('exit', code);
  const signal = SIGNALS.find((name) => constants.signals[name] === code - 128) ?? 'SIGKILL';
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/**
 * A launcher that is killed cannot pass that on. What it started stops as on SIGTERM then, and ends
 * if that takes too long.
 */
function endWithLauncher() {
  const { Socket } = require('node:net');
  const lifeline = new Socket({ fd: LIFELINE_FD });
  lifeline.on('error', () => {});
  lifeline.once('close', () => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => endNow(128 + constants.signals.SIGTERM), ORPHANED_MS).unref();
  });
  lifeline.resume().unref();
}

/**
 * Compiled code is kept for the next start, in a folder for this user alone: Node's own place lies in
 * the folder for temporary files, where another user could leave code for us to run.
 */
function keepCompiled() {
  if (process.env.NODE_COMPILE_CACHE) enableCompileCache();
  else {
    const folder = privateFolder();
    if (folder === null) return;
    enableCompileCache(folder);
  }
  setTimeout(() => flushCompileCache(), KEEP_COMPILED_MS).unref();
}

/** Null if there is no folder that only this user can read and write. */
function privateFolder() {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(base, 'cellhost');
  try {
    fs.mkdirSync(base, { recursive: true, mode: OWNER_ONLY });
    fs.mkdirSync(folder, { mode: OWNER_ONLY });
  } catch (error) {
    if (error.code !== 'EEXIST') return null;
  }
  const stats = fs.lstatSync(folder);
  if (process.platform === 'win32') return stats.isDirectory() ? folder : null;
  const isOurs = stats.isDirectory() && stats.uid === process.getuid?.();
  return isOurs && (stats.mode & 0o777) === OWNER_ONLY ? folder : null;
}

/**
 * V8 lets a small heap grow in small steps, and searches all of it for each 64 MiB of buffers: between
 * any few messages of a megabyte. A program that is found busy is given larger steps, and not before: V8 takes back no
 * code that was kept under other flags.
 */
function growUnderLoad() {
  const { constants: counted, PerformanceObserver } = require('node:perf_hooks');
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries()) {
      if (detail?.kind === counted.NODE_PERFORMANCE_GC_MAJOR) collections += 1;
    }
    if (collections < BUSY_COLLECTIONS) return;
    observer.disconnect();
    isLarge = true;
    setFlags(LARGE_STEPS);
  });
  observer.observe({ entryTypes: ['gc'] });
}

/** @param {string} flags */
function setFlags(flags) {
  require('node:v8').setFlagsFromString(flags);
}

function muteExperimentalWarnings() {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.stack}\n`);
  });
}

/** @param {string} path */
function realPath(path) {
  try {
    return fs.realpathSync(path);
  } catch {
    return path;
  }
}

/** @param {string} problem @returns {never} */
function fail(problem) {
  process.stderr.write(
    `cellhost: ${problem}\nIt needs Node ${MIN_MAJOR} or newer: run it with one, ` +
      'set CELLHOST_NODE to one, or install the npm package `node`.\n',
  );
  process.exit(2);
}
