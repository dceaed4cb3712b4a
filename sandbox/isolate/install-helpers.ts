import ivm from 'isolated-vm';
import type { Deliver } from '../bootstrap/bridge-types.ts';
import type { BootstrapScript } from '../source/bootstrap-source.ts';

/** Takes what a program sends to the host, as it comes, the kind first. Nothing in it may be trusted. */
export type Received = (message: readonly unknown[]) => void;

/** Makes a program wait before it sends more. */
export interface Pausing {
  /** What the program waits for. */
  flushed(): Promise<void> | undefined;
  /** The same while this thread is inside: returns when the program may send more. */
  flushedNow(): void;
  /** A message was received while this thread is inside. */
  said(): void;
}

/** For a context whose program never waits. */
export const NO_PAUSE: Pausing = { flushed: () => undefined, flushedNow() {}, said() {} };

/** What a context is connected to. Set before a program starts. */
export interface Wiring {
  receive: Received;
  pause: Pausing;
  fetch: (key: unknown) => string;
}

/** A script of the helpers, with its code cache if it was compiled before. */
export type HelperScript = BootstrapScript & {
  readonly cachedData?: ivm.ExternalCopy<ArrayBuffer>;
};

/** A script of the helpers that was compiled before. */
export type CompiledScript = Required<HelperScript>;

/** The scripts that prepare a context, in their order. */
export interface HelperScripts {
  readonly bootstrap: HelperScript;
  readonly settled: HelperScript;
}

/** The same, compiled in one isolate. */
export interface CompiledHelpers {
  readonly bootstrap: ivm.Script;
  readonly settled: ivm.Script;
}

/** Compiles the helpers for all contexts of an isolate. */
export function compileHelpers(isolate: ivm.Isolate, scripts: HelperScripts): CompiledHelpers {
  return {
    bootstrap: compileHelper(isolate, scripts.bootstrap),
    settled: compileHelper(isolate, scripts.settled),
  };
}

/**
 * Installs the helpers of programs in a context.
 *
 * @param wiring Read at each message, so it may change.
 */
export function installHelpers(
  context: ivm.Context,
  { bootstrap, settled }: CompiledHelpers,
  wiring: Wiring,
): ivm.Reference<Deliver> {
  const install = bootstrap.runSync(context, { reference: true });
  const deliver = install.applySync(undefined, callbacks(wiring), RETURNED);
  install.release();
  settled.runSync(context);
  return deliver as ivm.Reference<Deliver>;
}

const RETURNED = { result: { reference: true } } as const;
/** For a delivery in which there is a `Piece`. */
export const COPIED = { arguments: { copy: true } } as const;

/** What a context can call: the first one never waits, the second one does for an answer. */
function callbacks(wiring: Wiring): ivm.Callback[] {
  const up = (...message: unknown[]) => wiring.receive(message);
  const ask = (...message: unknown[]) => {
    try {
      return answer(message, wiring);
    } catch {
      // An error of the host must not reach a program.
      return undefined;
    }
  };
  return [new ivm.Callback(up, { ignored: true }), new ivm.Callback(ask, { sync: true })];
}

function answer(message: readonly unknown[], wiring: Wiring): unknown {
  const [kind, key] = message;
  if (kind === 'fetch') return wiring.fetch(key);
  if (kind === 'flush') return wiring.pause.flushedNow();
  // A reference, because only a reference can make the isolate wait. It must never reject.
  if (kind === 'flushed') return new ivm.Reference(async () => await wiring.pause.flushed());
  wiring.receive(message);
  return wiring.pause.said();
}

/** Compiles one script for all contexts of an isolate. */
export function compileHelper(
  isolate: ivm.Isolate,
  { code, ...options }: HelperScript,
): ivm.Script {
  return isolate.compileScriptSync(code, options);
}

/**
 * The script with its code as this isolate has compiled it. V8 does not compile the same script in the
 * same isolate again: it finds the script and what was compiled since.
 */
export function withCode(isolate: ivm.Isolate, script: BootstrapScript): CompiledScript {
  const { code, filename, lineOffset } = script;
  // The declarations of isolated-vm leave out what this option adds to the script.
  const compiled: { cachedData?: ivm.ExternalCopy<ArrayBuffer> } & ivm.Script =
    isolate.compileScriptSync(code, { filename, lineOffset, produceCachedData: true });
  const { cachedData } = compiled;
  if (cachedData === undefined) throw new Error('V8 made no code cache');
  return { ...script, cachedData };
}
