import type ivm from 'isolated-vm';
import type { Deliver } from '../bootstrap/bridge-types.ts';
import {
  COPIED,
  type CompiledHelpers,
  installHelpers,
  NO_PAUSE,
  type Wiring,
} from './install-helpers.ts';

const PROGRAM_FILE = { filename: 'exec_main.mjs', lineOffset: -1 };

/**
 * The globals of one program, with its helpers installed.
 *
 * Nothing of isolated-vm can be reached from inside: the bridge's callbacks live in a closure, and
 * only the host holds the delivering function.
 */
export class ProgramContext {
  readonly wiring: Wiring = {
    receive: () => {},
    pause: NO_PAUSE,
    fetch: () => '',
  };
  readonly #context: ivm.Context;
  readonly #deliver: ivm.Reference<Deliver>;

  /** Enters the isolate on this thread, so nothing may run in it. Throws if it is disposed or full. */
  constructor(context: ivm.Context, helpers: CompiledHelpers) {
    this.#context = context;
    this.#deliver = installHelpers(this.#context, helpers, this.wiring);
  }

  /** Runs a script that is a function, and calls the function with these arguments. */
  install(script: ivm.Script, args: readonly unknown[]): void {
    const install = script.runSync(this.#context, { reference: true });
    install.applySync(undefined, [...args]);
    install.release();
  }

  /**
   * Runs a script under the name of programs. Its second line is the program's first.
   *
   * @param direct Whether on this thread. If so, it is over when the function returns.
   * @returns Settles when the program is quiet.
   */
  run(code: string, direct: boolean): Promise<void> | void {
    if (direct) return this.#context.evalSync(code, PROGRAM_FILE);
    return this.#context.eval(code, PROGRAM_FILE);
  }

  /** Delivers a batch. The rest is as for `run`. */
  deliver(batch: Parameters<Deliver>): Promise<void> | void {
    const direct = batch[0];
    // Where the text of the first answer is, or its first piece.
    const options = typeof batch[4] === 'object' ? COPIED : undefined;
    if (direct) return void this.#deliver.applySync(undefined, batch, options);
    return this.#deliver.apply(undefined, batch, options);
  }

  /** Cuts the program off: what it sends from now on is ignored. */
  cutOff(): void {
    this.wiring.receive = () => {};
  }

  /** Lets V8 collect the context, which nothing enters any more. No thread may be inside. */
  release(): void {
    this.cutOff();
    this.wiring.pause = NO_PAUSE;
    this.wiring.fetch = () => 'null';
    this.#deliver.release();
    this.#context.release();
  }
}
