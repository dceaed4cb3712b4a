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
 * It is a function of the bridge's `up`, `flush` and `fetch`, with `upNow` and `flushNow` for entries of
 * the host's own thread, and returns the function that accepts deliveries. Its parts are in parentheses, so that they are compiled eagerly and cached.
 */
export function bootstrapScript(limits: SandboxLimits): BootstrapScript {
  const parts = Object.entries(PARTS).map(([name, part]) => `${name}: (${String(part)})`);
  const code = `(function (up, upNow, flush, flushNow, fetch) {
'use strict';
const { apply } = Reflect;
const { applySyncPromise } = flush;
let direct = false;
const bridge = {
  up: (kind, a, b) => (direct ? upNow(kind, a, b) : up(kind, a, b)),
  upMany: (values) => apply(direct ? upNow : up, undefined, values),
  flush: () => void (direct ? flushNow() : apply(applySyncPromise, flush, [undefined, []])),
  fetch,
  enteredDirectly: (value) => { direct = value; },
};
return (${String(bootstrap)})({ ${parts.join(',\n')} }, bridge, ${JSON.stringify(limits)});
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
