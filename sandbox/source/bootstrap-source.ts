import { readFileSync } from 'node:fs';
import { bootstrap } from '../bootstrap/bootstrap.ts';
import { makeFailures } from '../bootstrap/failures.ts';
import { watchFinalizers } from '../bootstrap/finalizers.ts';
import { makeInspect } from '../bootstrap/inspect.ts';
import { captureIntrinsics } from '../bootstrap/intrinsics.ts';
import { makeJson } from '../bootstrap/json.ts';
import { makeMedia } from '../bootstrap/media.ts';
import { installSettled } from '../bootstrap/settled.ts';
import { makeStores } from '../bootstrap/stores.ts';
import { makeTimers } from '../bootstrap/timers.ts';
import { makeToolCalls } from '../bootstrap/tool-calls.ts';
import type { SandboxLimits } from '../limits.ts';

const PARTS = {
  captureIntrinsics,
  makeFailures,
  makeInspect,
  makeJson,
  makeMedia,
  makeStores,
  makeTimers,
  makeToolCalls,
  watchFinalizers,
};

/** A script, and the file name that it appears under. */
export interface BootstrapScript {
  readonly code: string;
  readonly filename: string;
  readonly lineOffset: number;
}

/**
 * The script that prepares an isolate, made of the unchanged source of the functions in `bootstrap/`.
 *
 * It is a function of two callbacks and returns the function that accepts deliveries. `up` sends a message
 * without waiting. `ask` waits for an answer; it also sends messages, in entries of the host's own thread.
 * There are only two because each takes time in each context. The parts are in parentheses, so that they
 * are compiled eagerly and cached; objects have no prototype because V8 makes those several times as fast
 * in a new context.
 */
export function bootstrapScript(limits: SandboxLimits): BootstrapScript {
  const parts = Object.entries(PARTS).map(([name, part]) => `${name}: (${String(part)})`);
  const code = `(function (up, ask) {
'use strict';
const { apply } = Reflect;
let direct = false;
let flushed;
const flush = () => {
  if (direct) return void ask('flush');
  flushed ??= ask('flushed');
  apply(flushed.applySyncPromise, flushed, [undefined, []]);
};
const bridge = {
  __proto__: null,
  up: (kind, a, b) => (direct ? ask(kind, a, b) : up(kind, a, b)),
  upMany: (values) => apply(direct ? ask : up, undefined, values),
  flush,
  fetch: (key) => ask('fetch', key),
  enteredDirectly: (value) => { direct = value; },
};
const parts = { __proto__: null, ${parts.join(',\n')} };
const limits = { __proto__: null, ${JSON.stringify(limits).slice(1)};
return (${String(bootstrap)})(parts, bridge, limits);
})`;
  return { code, filename: 'cellhost:bootstrap', lineOffset: 0 };
}

/** The line on which the recorded engine reports that something is not iterable. */
const SETTLED_LOOP_LINE = 25;

/**
 * The script that installs the settlement helpers. Its line numbers match those of the recorded
 * engine, because they appear in stacks of errors.
 */
export function settledScript(): BootstrapScript {
  const code = `'use strict';(${String(installSettled)})()`;
  const lines = code.split('\n');
  const loop = lines.findIndex((line) => line.includes('of promises)')) + 1;
  return { code, filename: '', lineOffset: SETTLED_LOOP_LINE - loop };
}

/**
 * The script of the web globals: a function that installs them, of a function that returns 2,048
 * random hexadecimal digits. Reads a file of half a megabyte, so only for programs that have them.
 */
export function webGlobalsScript(): BootstrapScript {
  const code = readFileSync(new URL('./web-globals.js', import.meta.url), 'utf8');
  return { code, filename: 'cellhost:bootstrap:web', lineOffset: 0 };
}
