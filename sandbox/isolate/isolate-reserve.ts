import type { SandboxLimits } from '../limits.ts';
import { type IsolateBlueprint, isolateBlueprint } from './blueprint.ts';
import { type HelperCode, NO_HELPER_CODE } from './helper-code.ts';
import { ProgramIsolate } from './program-isolate.ts';

const MAX_SIZE = 32;
/** After how long the reserve is filled again if it was too small lately, in milliseconds. */
const REFILL_DELAY_MS = 5;
const SHRINK_MS = 10_000;

/**
 * Isolates that no program has run in, kept ready.
 *
 * Making one blocks this thread, for 5 ms the first time. So the reserve is filled when that delays nobody, unless
 * it is needed at once.
 */
export class IsolateReserve {
  readonly #limits: SandboxLimits;
  readonly #usualSize: number;
  readonly #isolates: ProgramIsolate[] = [];
  /** How many are to be kept ready at the moment. */
  #wanted: number;
  /** Whether it was too small lately. */
  #isScarce = false;
  /** Whether it has been full since it last grew: what was never there says nothing about its size. */
  #wasFull = false;
  #blueprint: IsolateBlueprint | null = null;
  #helperCode = NO_HELPER_CODE;
  #refillTimer: NodeJS.Timeout | undefined;
  #shrinkTimer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #made = 0;

  /** @param size How many are kept as a rule: up to 32 after that was too few, none if it is 0. */
  constructor(size: number, limits: SandboxLimits) {
    this.#usualSize = size;
    this.#wanted = size;
    this.#limits = limits;
    this.#refillAfter(0);
  }

  /** Isolates that are ready for a program. */
  get size(): number {
    return this.#isolates.length;
  }

  /** Isolates made so far. */
  get made(): number {
    return this.#made;
  }

  /**
   * An isolate; made now if none waits, which blocks this thread.
   *
   * @throws Error if V8 cannot make one.
   */
  take(): ProgramIsolate {
    if (this.#isolates.length === 0 && this.#made > 0) this.#grow();
    if (this.#isScarce) this.#shrinkLater();
    return this.#isolates.shift() ?? this.#prepare();
  }

  /** To be called before an isolate is made. */
  compileHelpersWith(code: HelperCode): void {
    this.#helperCode = code;
  }

  /**
   * A program has ended: fills the reserve at once if it was too small lately, otherwise not before `refill`.
   *
   * @param isNeeded Whether the next program will take from it.
   */
  refillForNext(isNeeded: boolean): void {
    if (this.#isScarce || (isNeeded && this.#isolates.length === 0)) this.#refillAfter(0);
    else clearTimeout(this.#refillTimer);
  }

  /** A program has started that may have taken from it: fills it soon if it was too small lately, otherwise not before `refill`. */
  refillAfterStart(): void {
    if (this.#isScarce) this.#refillAfter(REFILL_DELAY_MS);
    else clearTimeout(this.#refillTimer);
  }

  /** Fills the reserve now that this thread has nothing else to do. */
  refill(): void {
    this.#refillAfter(0);
  }

  /** Disposes all isolates. Later ones are made on demand. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#refillTimer);
    clearTimeout(this.#shrinkTimer);
    for (const isolate of this.#isolates.splice(0)) isolate.dispose();
  }

  #grow(): void {
    if (this.#usualSize === 0 || this.#isClosed) return;
    this.#isScarce = true;
    if (!this.#wasFull) return;
    this.#wasFull = false;
    this.#wanted = Math.min(Math.max(MAX_SIZE, this.#usualSize), this.#wanted * 2);
  }

  #shrinkLater(): void {
    clearTimeout(this.#shrinkTimer);
    this.#shrinkTimer = setTimeout(() => this.#shrink(), SHRINK_MS).unref();
  }

  #shrink(): void {
    this.#isScarce = false;
    this.#wanted = this.#usualSize;
    for (const isolate of this.#isolates.splice(this.#wanted)) isolate.dispose();
  }

  #prepare(): ProgramIsolate {
    this.#blueprint ??= isolateBlueprint(this.#limits, this.#helperCode);
    const isolate = new ProgramIsolate(this.#blueprint);
    this.#made += 1;
    return isolate;
  }

  #refillAfter(delayMs: number): void {
    clearTimeout(this.#refillTimer);
    if (this.#isClosed || this.#isolates.length >= this.#wanted) return;
    this.#refillTimer = setTimeout(() => this.#addOne(), delayMs).unref();
  }

  #addOne(): void {
    try {
      this.#isolates.push(this.#prepare());
      if (this.#isolates.length >= this.#wanted) this.#wasFull = true;
    } catch {
      // The next program tries again and reports why it cannot run.
      return;
    }
    this.#refillAfter(this.#isolates.length < this.#usualSize ? 0 : REFILL_DELAY_MS);
  }
}
