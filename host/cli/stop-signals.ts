import type { CliIo } from './cli-io.ts';

const STOPPING = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** The exit code of a process that was killed: 128 and the number of SIGTERM. */
const FORCED = 143;

/** Signals that ask to stop: the first politely, the second at once. */
export class StopSignals implements Disposable {
  readonly #io: CliIo;
  readonly #asked = Promise.withResolvers<void>();
  readonly #forced = Promise.withResolvers<number>();
  #count = 0;

  constructor(io: CliIo) {
    this.#io = io;
    for (const signal of STOPPING) io.signals.on(signal, this.#onSignal);
  }

  get isAsked(): boolean {
    return this.#count > 0;
  }

  /** Resolves at the first signal. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  /** Resolves with the exit code at the second signal. */
  get forced(): Promise<number> {
    return this.#forced.promise;
  }

  [Symbol.dispose](): void {
    for (const signal of STOPPING) this.#io.signals.off(signal, this.#onSignal);
  }

  readonly #onSignal = (): void => {
    this.#count += 1;
    if (this.#count === 1) this.#asked.resolve();
    else this.#forced.resolve(FORCED);
  };
}
