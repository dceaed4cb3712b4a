import ivm from 'isolated-vm';
import type { GuestGlobals } from '../../src/sandbox.ts';
import type { SyntaxCheck } from '../source/module-source.ts';
import type { IsolateBlueprint } from './blueprint.ts';
import { syntaxCheckIn } from './check-syntax.ts';
import { type CompiledHelpers, compileHelpers } from './install-helpers.ts';
import { ProgramContext } from './program-context.ts';
import type { WebGlobals } from './web-globals.ts';

/** A separate V8 heap with a limit. Programs run in it one after another, each in its own context. */
export class ProgramIsolate {
  /** V8's opinion of a program. Nobody may be inside. */
  readonly checkSyntax: SyntaxCheck;
  readonly #isolate: ivm.Isolate;
  readonly #helpers: CompiledHelpers;
  readonly #webGlobals: WebGlobals;
  #context: ProgramContext;
  #state: 'ready' | 'used' | 'preparing' = 'ready';
  #contexts = 1;

  /** Makes an isolate with a context that is ready for a program. Throws if V8 cannot. */
  constructor({ limits, scripts, webGlobals }: IsolateBlueprint) {
    const memoryLimit = Math.max(8, Math.round(limits.maxHeapBytes / (1 << 20)));
    this.#isolate = new ivm.Isolate({ memoryLimit });
    this.checkSyntax = syntaxCheckIn(this.#isolate);
    this.#helpers = compileHelpers(this.#isolate, scripts);
    this.#webGlobals = webGlobals;
    this.#context = new ProgramContext(this.#isolate.createContextSync(), this.#helpers);
  }

  /** The context of the program that is running, or of the next one. */
  get context(): ProgramContext {
    return this.#context;
  }

  /**
   * Its context with the globals of the program that starts in it now. No thread may be inside.
   *
   * @throws Error if it is disposed or its heap is full.
   */
  contextWith(globals: GuestGlobals): ProgramContext {
    if (globals === 'web') this.#webGlobals.install(this.#isolate, this.#context);
    return this.#context;
  }

  /** How many contexts it has had so far. */
  get contexts(): number {
    return this.#contexts;
  }

  /** Whether a program may start in its context, or that was released; then, whether a thread makes the next one. */
  get state(): 'ready' | 'used' | 'preparing' {
    return this.#state;
  }

  get disposed(): boolean {
    return this.#isolate.isDisposed;
  }

  /** How long threads have been inside so far, in milliseconds. Never blocks, even while one is inside. 0 once disposed. */
  get insideMs(): number {
    try {
      return Number(this.#isolate.wallTime) / 1e6;
    } catch {
      return 0;
    }
  }

  /** What V8 counts for it, in bytes. Does not resolve while a thread is inside. */
  async usedBytes(): Promise<number> {
    return sizeOf(await this.#isolate.getHeapStatistics());
  }

  /** Releases the context of a program that has ended. No thread may be inside. @returns What V8 counts, in bytes. */
  releaseContext(): number {
    this.#state = 'used';
    this.#context.release();
    return sizeOf(this.#isolate.getHeapStatisticsSync());
  }

  /**
   * Makes it ready for another program, if it is not. No thread may be inside.
   *
   * @throws Error if it is disposed or its heap is full.
   */
  makeReady(): void {
    if (this.#state === 'used') this.#use(this.#isolate.createContextSync());
  }

  /**
   * Makes it ready for another program while this thread does other things: a thread makes the context,
   * which is most of the work. To be called once the last context was released.
   *
   * @throws Error if it is disposed, also meanwhile, or its heap is full. It is of no use then.
   */
  async prepare(): Promise<void> {
    this.#state = 'preparing';
    this.#use(await this.#isolate.createContext());
  }

  #use(context: ivm.Context): void {
    this.#context = new ProgramContext(context, this.#helpers);
    this.#contexts += 1;
    this.#state = 'ready';
  }

  /** Stops whatever runs inside and frees the isolate. Returns at once. Safe to call twice. */
  dispose(): void {
    this.#context.cutOff();
    if (!this.#isolate.isDisposed) this.#isolate.dispose();
  }
}

function sizeOf(heap: ivm.HeapStatistics): number {
  return heap.total_physical_size + heap.externally_allocated_size;
}
