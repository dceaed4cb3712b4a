import ivm from 'isolated-vm';
import type { Program } from '../../src/sandbox.ts';
import type { Deliver } from '../bootstrap/bridge-types.ts';
import type { SandboxLimits } from '../limits.ts';
import { bootstrapScript, settledScript } from '../source/bootstrap-source.ts';
import type { ModuleBody } from '../source/module-source.ts';
import { programScript } from '../source/program-script.ts';
import { type HelperCode, NO_HELPER_CODE } from './helper-code.ts';
import {
  COPIED,
  compileHelpers,
  type HelperScripts,
  installHelpers,
  NO_PAUSE,
  withCode,
} from './install-helpers.ts';
import { WebGlobals } from './web-globals.ts';

/** What isolates of one kind share: their limits, and helpers that are already compiled. */
export interface IsolateBlueprint {
  readonly limits: SandboxLimits;
  readonly scripts: HelperScripts;
  readonly webGlobals: WebGlobals;
}

/** Does what most programs do, so that what the helpers need for it is compiled. */
const REHEARSAL = `
text({ a: [1] });
console.log('a', 1);
store('key', load('key') ?? {});
load('key');
clearTimeout(setTimeout(() => {}, 1));
notify('a');
yield_control();
await tools.rehearsal({});
await tools.rehearsal().catch(text);
globalThis.rehearsed = 'to its end';
throw new Error('planned');
`;

const PROGRAM: Program = {
  source: REHEARSAL,
  tools: [{ identifier: 'rehearsal', description: '' }],
  values: new Map(),
  toolErrors: 'error',
  console: true,
  globals: 'standard',
  hold: false,
};

const BODY: ModuleBody = {
  ok: true,
  body: REHEARSAL,
  metaName: '$meta',
  loadName: '$load',
  thisName: '$this',
};

/** What is delivered to it: the first call succeeded, the second failed, an answer came in pieces. */
const DELIVERIES: readonly Parameters<Deliver>[] = [
  [false, 1, 0, 1, '{}'],
  [false, 0, 0, -2, 'no'],
  [false, 0, 0, 3, ['null']],
];

/**
 * Compiles the helpers once, for all isolates with these limits.
 *
 * V8 compiles a function when it is first called, and a code cache holds only what was compiled when
 * the cache was made. So a program runs first. Without it, each isolate would compile what every
 * program needs, and take twice as long to start one.
 *
 * @param code Where they may be found compiled by an earlier process: then nothing runs.
 * @throws Error if the program of the rehearsal does not run as planned.
 */
export function isolateBlueprint(
  limits: SandboxLimits,
  code: HelperCode = NO_HELPER_CODE,
): IsolateBlueprint {
  const plain = { bootstrap: bootstrapScript(limits), settled: settledScript() };
  const scripts = found(plain, code) ?? compiled(plain, code);
  return { limits, scripts, webGlobals: new WebGlobals() };
}

function found({ bootstrap, settled }: HelperScripts, { find }: HelperCode): HelperScripts | null {
  const codes = [find('bootstrap', bootstrap.code), find('settled', settled.code)];
  const [first, second] = codes.map((code) => code && new ivm.ExternalCopy(code.slice().buffer));
  if (!first || !second) return null;
  return {
    bootstrap: { ...bootstrap, cachedData: first },
    settled: { ...settled, cachedData: second },
  };
}

function compiled(scripts: HelperScripts, { made }: HelperCode): HelperScripts {
  const isolate = new ivm.Isolate({ memoryLimit: 32 });
  try {
    rehearse(isolate, scripts);
    const bootstrap = withCode(isolate, scripts.bootstrap);
    const settled = withCode(isolate, scripts.settled);
    made?.('bootstrap', bootstrap.code, new Uint8Array(bootstrap.cachedData.copy()));
    made?.('settled', settled.code, new Uint8Array(settled.cachedData.copy()));
    return { bootstrap, settled };
  } finally {
    isolate.dispose();
  }
}

function rehearse(isolate: ivm.Isolate, scripts: HelperScripts): void {
  const wiring = { receive: () => {}, pause: NO_PAUSE, fetch: () => 'null' };
  const context = isolate.createContextSync();
  const deliver = installHelpers(context, compileHelpers(isolate, scripts), wiring);
  context.evalSync(programScript(PROGRAM, BODY), { filename: 'exec_main.mjs', lineOffset: -1 });
  for (const delivery of DELIVERIES) deliver.applySync(undefined, delivery, COPIED);
  if (context.evalSync('rehearsed') !== 'to its end') throw new Error('The rehearsal went wrong');
  context.release();
}
