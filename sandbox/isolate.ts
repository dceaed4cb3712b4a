import ivm from 'isolated-vm';
import type { Deliver } from './bootstrap/bridge-types.ts';
import { type BootstrapScript, bootstrapScript, settledScript } from './bootstrap-source.ts';
import type { SandboxLimits } from './limits.ts';
import type { SyntaxCheck } from './module-source.ts';

/** What a program tells the host, as it comes: nothing in it may be trusted. */
export type Received = (kind: unknown, ...values: readonly unknown[]) => void;

/** What an isolate is wired to. Set before a program starts. */
export interface Wiring {
  receive: Received;
  /** What the program waits for before it sends more. */
  flush: () => Promise<void> | undefined;
  fetch: (key: unknown) => string;
}

type CachedScript = BootstrapScript & { readonly cachedData: ivm.ExternalCopy<ArrayBuffer> };

/** What isolates of one kind have in common: limits, and helpers that are compiled already. */
export interface IsolateBlueprint {
  readonly limits: SandboxLimits;
  readonly bootstrap: CachedScript;
  readonly settled: CachedScript;
}

/** Compiles the helpers once, for all isolates with these limits. */
export function isolateBlueprint(limits: SandboxLimits): IsolateBlueprint {
  const isolate = new ivm.Isolate({ memoryLimit: 32 });
  const compile = (script: BootstrapScript): CachedScript => {
    const { code, ...options } = script;
    // The declarations of isolated-vm leave out what this option adds to the script.
    const compiled: { cachedData?: ivm.ExternalCopy<ArrayBuffer> } & ivm.Script =
      isolate.compileScriptSync(code, { ...options, produceCachedData: true });
    const { cachedData } = compiled;
    if (cachedData === undefined) throw new Error('V8 made no code cache');
    return { ...script, cachedData };
  };
  const bootstrap = compile(bootstrapScript(limits));
  const settled = compile(settledScript());
  isolate.dispose();
  return { limits, bootstrap, settled };
}

/**
 * An isolate with its helpers in place, ready for one program.
 *
 * Nothing of isolated-vm is reachable from inside: the bridge's callbacks live in a closure, and
 * the delivering function is held by the host alone.
 */
export class PreparedIsolate {
  readonly wiring: Wiring = { receive: () => {}, flush: () => undefined, fetch: () => '' };
  readonly #isolate: ivm.Isolate;
  readonly #context: ivm.Context;
  readonly #deliver: ivm.Reference<Deliver>;

  constructor({ limits, bootstrap, settled }: IsolateBlueprint) {
    const memoryLimit = Math.max(8, Math.round(limits.maxHeapBytes / (1 << 20)));
    this.#isolate = new ivm.Isolate({ memoryLimit });
    this.#context = this.#isolate.createContextSync();
    const { wiring } = this;
    const receive = new ivm.Callback(
      (kind: unknown, ...values: unknown[]) => wiring.receive(kind, ...values),
      { ignored: true },
    );
    // A reference, because it alone can make the isolate wait; it must never reject.
    const flush = new ivm.Reference(async () => {
      await wiring.flush();
    });
    const fetch = new ivm.Callback((key: unknown) => wiring.fetch(key), { sync: true });
    const install = this.#compileCached(bootstrap).runSync(this.#context, { reference: true });
    this.#deliver = install.applySync(undefined, [receive, flush, fetch], {
      result: { reference: true },
    }) as ivm.Reference<Deliver>;
    install.release();
    this.#compileCached(settled).runSync(this.#context);
  }

  get disposed(): boolean {
    return this.#isolate.isDisposed;
  }

  /** How long threads have been inside so far, in milliseconds. Told at once, also while one is; 0 when disposed. */
  get insideMs(): number {
    try {
      return Number(this.#isolate.wallTime) / 1e6;
    } catch {
      return 0;
    }
  }

  /** What V8 counts for it, in bytes. Not answered while a thread is inside. */
  async usedBytes(): Promise<number> {
    const heap = await this.#isolate.getHeapStatistics();
    return heap.total_physical_size + heap.externally_allocated_size;
  }

  /** Makes the first program start sooner, at the cost of 0.3 ms now. */
  async rehearse(): Promise<void> {
    await this.#deliver.apply(undefined, ['null']);
  }

  /** Runs a script named as programs are, whose second line is the program's first. */
  async run(code: string): Promise<void> {
    await this.#context.eval(code, { filename: 'exec_main.mjs', lineOffset: -1 });
  }

  /** Hands down a batch. Resolves when the program is quiet again. */
  async deliver(batch: readonly string[]): Promise<void> {
    await this.#deliver.apply(undefined, batch as [string]);
  }

  /** Ends whatever runs inside and frees it. Returns at once. Safe to call twice. */
  dispose(): void {
    this.wiring.receive = () => {};
    if (!this.#isolate.isDisposed) this.#isolate.dispose();
  }

  #compileCached({ code, ...options }: CachedScript): ivm.Script {
    return this.#isolate.compileScriptSync(code, options);
  }
}

let checker: ivm.Isolate | null = null;

/** What V8 says of a module that does not parse. */
export const checkSyntax: SyntaxCheck = (source) => {
  if (checker === null || checker.isDisposed) checker = new ivm.Isolate({ memoryLimit: 128 });
  try {
    checker.compileModuleSync(source, { filename: 'exec_main.mjs' }).release();
    return null;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const place = / \[[^\]]*:(\d+):(\d+)\]$/.exec(text);
    const message = place === null ? text : text.slice(0, place.index);
    const known = {
      line: Math.max(1, Number(place?.[1] ?? 1)),
      column: Math.max(1, Number(place?.[2] ?? 1)),
    };
    if (error instanceof RangeError)
      return { ...known, message: 'The source is nested too deeply' };
    return { ...known, message };
  }
};
