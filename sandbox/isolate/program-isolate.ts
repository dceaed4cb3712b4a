import ivm from 'isolated-vm';
import type { IsolateBlueprint } from './blueprint.ts';
import { ProgramContext } from './program-context.ts';

/** A V8 heap of its own, with a limit, and the context in it that is ready for a program. */
export class ProgramIsolate {
  readonly context: ProgramContext;
  readonly #isolate: ivm.Isolate;

  constructor({ limits, scripts }: IsolateBlueprint) {
    const memoryLimit = Math.max(8, Math.round(limits.maxHeapBytes / (1 << 20)));
    this.#isolate = new ivm.Isolate({ memoryLimit });
    this.context = new ProgramContext(this.#isolate, scripts);
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

  /** Ends whatever runs inside and frees it. Returns at once. Safe to call twice. */
  dispose(): void {
    this.context.cutOff();
    if (!this.#isolate.isDisposed) this.#isolate.dispose();
  }
}
