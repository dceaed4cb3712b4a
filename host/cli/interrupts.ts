import { Cancelled } from '../../src/errors.ts';
import type { CliIo } from './cli-io.ts';
import type { OutputFailures } from './output-failures.ts';

const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type Interrupt = keyof typeof EXIT_CODES;
const INTERRUPTS = Object.keys(EXIT_CODES) as Interrupt[];

/**
 * Notices that the command is to end: by a signal, or because its output cannot be written. The
 * first time asks, the second signal insists.
 */
export class Interrupts implements Disposable {
  readonly #io: CliIo;
  readonly #controller = new AbortController();
  readonly #forced = Promise.withResolvers<number>();
  readonly #listeners = INTERRUPTS.map((name) => [name, () => this.#onSignal(name)] as const);
  #exitCode = 0;

  constructor(io: CliIo, output: OutputFailures) {
    this.#io = io;
    for (const [name, listener] of this.#listeners) io.signals.on(name, listener);
    output.onFailure = (exitCode) => {
      if (!this.#controller.signal.aborted) this.#interrupt(exitCode);
    };
  }

  /** Aborts at the first interrupt. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Of the first interrupt; 0 without one. */
  get exitCode(): number {
    return this.#exitCode;
  }

  /** Resolves with the exit code at the second signal: to end at once. */
  get forced(): Promise<number> {
    return this.#forced.promise;
  }

  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) this.#io.signals.off(name, listener);
  }

  #onSignal(name: Interrupt): void {
    const exitCode = EXIT_CODES[name];
    if (this.#controller.signal.aborted) this.#forced.resolve(exitCode);
    else this.#interrupt(exitCode);
  }

  #interrupt(exitCode: number): void {
    this.#exitCode = exitCode;
    this.#controller.abort(new Cancelled('terminate'));
  }
}
