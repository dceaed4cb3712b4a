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
  const take = (...message: unknown[]) => wiring.receive(message);
  const receive = new ivm.Callback(take, { ignored: true });
  const takeNow = (...message: unknown[]) =>
    quietly(() => {
      wiring.receive(message);
      wiring.pause.said();
    });
  const receiveNow = new ivm.Callback(takeNow, { sync: true });
  const flushNow = new ivm.Callback(() => quietly(() => wiring.pause.flushedNow()), { sync: true });
  // A reference, because only a reference can make the isolate wait. It must never reject.
  const flush = new ivm.Reference(async () => {
    await wiring.pause.flushed();
  });
  const fetch = new ivm.Callback((key: unknown) => wiring.fetch(key), { sync: true });
  const install = bootstrap.runSync(context, { reference: true });
  const deliver = install.applySync(undefined, [receive, receiveNow, flush, flushNow, fetch], {
    result: { reference: true },
  }) as ivm.Reference<Deliver>;
  install.release();
  settled.runSync(context);
  return deliver;
}

/** An error of the host must not reach a program. */
function quietly(act: () => void): void {
  try {
    act();
  } catch {}
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
