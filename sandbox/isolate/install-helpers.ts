import ivm from 'isolated-vm';
import type { Deliver } from '../bootstrap/bridge-types.ts';
import type { BootstrapScript } from '../source/bootstrap-source.ts';

/** What a program tells the host, as it comes: nothing in it may be trusted. */
export type Received = (kind: unknown, ...values: readonly unknown[]) => void;

/** What an isolate is wired to. Set before a program starts. */
export interface Wiring {
  receive: Received;
  /** What the program waits for before it sends more. */
  flush: () => Promise<void> | undefined;
  fetch: (key: unknown) => string;
}

/** A script of the helpers, with its code as V8 keeps it where it was compiled before. */
export type HelperScript = BootstrapScript & {
  readonly cachedData?: ivm.ExternalCopy<ArrayBuffer>;
};

/** The scripts that prepare an isolate, in their order. */
export interface HelperScripts {
  readonly bootstrap: HelperScript;
  readonly settled: HelperScript;
}

/**
 * Gives a context the helpers programs have.
 *
 * @param wiring Read at each message, so it may change.
 */
export function installHelpers(
  isolate: ivm.Isolate,
  context: ivm.Context,
  { bootstrap, settled }: HelperScripts,
  wiring: Wiring,
): ivm.Reference<Deliver> {
  const receive = new ivm.Callback(
    (kind: unknown, ...values: unknown[]) => wiring.receive(kind, ...values),
    { ignored: true },
  );
  // A reference, because it alone can make the isolate wait; it must never reject.
  const flush = new ivm.Reference(async () => {
    await wiring.flush();
  });
  const fetch = new ivm.Callback((key: unknown) => wiring.fetch(key), { sync: true });
  const install = compile(isolate, bootstrap).runSync(context, { reference: true });
  const deliver = install.applySync(undefined, [receive, flush, fetch], {
    result: { reference: true },
  }) as ivm.Reference<Deliver>;
  install.release();
  compile(isolate, settled).runSync(context);
  return deliver;
}

function compile(isolate: ivm.Isolate, { code, ...options }: HelperScript): ivm.Script {
  return isolate.compileScriptSync(code, options);
}
