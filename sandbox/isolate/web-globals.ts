import ivm from 'isolated-vm';
import { webGlobalsScript } from '../source/bootstrap-source.ts';
import { compileHelper, type HelperScript, withCode } from './install-helpers.ts';
import type { ProgramContext } from './program-context.ts';

/** What a program gets at a time: the digits of 64 UUIDs. */
const RANDOM_BYTES = 1_024;

/** Installs the web globals in contexts. Until the first one, it costs nothing. */
export class WebGlobals {
  #script: HelperScript | null = null;
  readonly #compiled = new WeakMap<ivm.Isolate, ivm.Script>();

  /**
   * Gives a context the web globals, before its program starts. Nobody may be inside the isolate.
   *
   * @throws Error if the isolate is disposed or its heap is full.
   */
  install(isolate: ivm.Isolate, context: ProgramContext): void {
    this.#script ??= webGlobalsScript();
    const compiled = this.#compiled.get(isolate) ?? compileHelper(isolate, this.#script);
    this.#compiled.set(isolate, compiled);
    context.install(compiled, [new ivm.Callback(randomDigits, { sync: true })]);
    if (this.#script.cachedData === undefined) this.#script = withCode(isolate, this.#script);
  }
}

/**
 * From the system's source of randomness: nothing that is known inside an isolate predicts them. Its
 * module is loaded here because few programs need it, and it takes longer than the start of one.
 */
function randomDigits(): string {
  return process.getBuiltinModule('node:crypto').randomBytes(RANDOM_BYTES).toString('hex');
}
