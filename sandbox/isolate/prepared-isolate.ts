import ivm from 'isolated-vm';
import type { Deliver } from '../bootstrap/bridge-types.ts';
import type { IsolateBlueprint } from './blueprint.ts';
import { installHelpers, type Wiring } from './install-helpers.ts';

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

  constructor({ limits, scripts }: IsolateBlueprint) {
    const memoryLimit = Math.max(8, Math.round(limits.maxHeapBytes / (1 << 20)));
    this.#isolate = new ivm.Isolate({ memoryLimit });
    this.#context = this.#isolate.createContextSync();
    this.#deliver = installHelpers(this.#isolate, this.#context, scripts, this.wiring);
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
}
