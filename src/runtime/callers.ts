import type { CodeModeError } from '../errors.ts';
import type { CellEvent } from '../events.ts';
import { onAbort } from '../waiting/on-abort.ts';
import { startTimer } from '../waiting/timer.ts';
import type { KeepAlive } from './keep-alive.ts';

/** What a caller can be answered. */
export type CallerReply = CellEvent | 'resumed' | 'already-running' | 'missing';

interface Caller {
  readonly resolve: (reply: CallerReply) => void;
  readonly reject: (error: CodeModeError) => void;
  readonly yieldMs: number;
  timer?: NodeJS.Timeout | undefined;
  unlink?: () => void;
}

/** The callers that wait for one cell, by id. Each is answered at most once and leaves nothing behind. */
export class Callers {
  readonly #callers = new Map<number, Caller>();
  readonly #keepAlive: Pick<KeepAlive, 'hold' | 'drop'>;
  #last = 0;

  constructor(keepAlive: Pick<KeepAlive, 'hold' | 'drop'>) {
    this.#keepAlive = keepAlive;
  }

  /**
   * @param yieldMs How long this caller waits once it is armed, in milliseconds; infinity for ever.
   * @returns The id for its answer.
   */
  admit(
    resolve: (reply: CallerReply) => void,
    reject: (error: CodeModeError) => void,
    yieldMs = Number.POSITIVE_INFINITY,
  ): number {
    this.#last += 1;
    this.#keepAlive.hold();
    this.#callers.set(this.#last, { resolve, reject, yieldMs });
    return this.#last;
  }

  /** Answers a caller and forgets it. */
  resolve(id: number, reply: CallerReply): void {
    this.#take(id)?.resolve(reply);
  }

  /** Refuses a caller and forgets it. */
  reject(id: number, error: CodeModeError): void {
    this.#take(id)?.reject(error);
  }

  /** Forgets a caller that gave up. */
  forget(id: number): void {
    this.#take(id);
  }

  /** Calls `elapsed` when this caller has waited long enough; at once if its wait is 0 ms. */
  arm(id: number, elapsed: () => void): void {
    const caller = this.#callers.get(id);
    if (caller === undefined) return;
    clearTimeout(caller.timer);
    if (caller.yieldMs === 0) elapsed();
    else caller.timer = startTimer(elapsed, caller.yieldMs);
  }

  /** Calls `preempted` when `signal` aborts while this caller waits. */
  link(id: number, signal: AbortSignal | undefined, preempted: () => void): void {
    const caller = this.#callers.get(id);
    if (caller === undefined || signal === undefined) return;
    if (signal.aborted) return preempted();
    caller.unlink = onAbort(signal, preempted);
  }

  #take(id: number): Caller | undefined {
    const caller = this.#callers.get(id);
    if (caller === undefined) return undefined;
    this.#callers.delete(id);
    this.#keepAlive.drop();
    clearTimeout(caller.timer);
    caller.unlink?.();
    return caller;
  }
}
