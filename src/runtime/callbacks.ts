import { type Delegate, JsonText, type Notification, type ToolCall } from '../delegate.ts';
import { Cancelled, type CancelReason, ErrorText } from '../errors.ts';
import type { PendingCall } from '../events.ts';
import { startTimer } from '../waiting/timer.ts';
import type { ByteBudget } from './byte-budget.ts';
import { Callback, type Returned } from './callback.ts';
import { GracePeriod } from './grace-period.ts';
import { inSlices } from './in-slices.ts';
import { isPassing, type PassingDelegate } from './passed-call.ts';
import { Failure, failed, type ToolAnswer, toAnswer } from './tool-answer.ts';

/** Callbacks of a session that did not stop in time. */
export interface CallbackCounts {
  /** How many were still running at the deadline. */
  abandoned: number;
  /** How many of those returned later; their results were dropped. */
  late: number;
}

/** The answer to a tool call that was not started, or has failed, after the end. */
const CALL_CANCELLED = failed('code mode nested tool call cancelled');
/** The answer to a tool call that returned after the end: no program gets its value. */
const CALL_RETURNED = { ok: true, text: 'null' };

/** Receives the results of callbacks. The methods must not throw. */
export interface CallbackResults {
  /** See `SandboxRun.room`. */
  room(): Promise<boolean> | null;
  /** A tool call was answered. Not called for a call that was abandoned. */
  toolEnded(id: number, call: ToolCall, answer: ToolAnswer): void;
  /** A notification was delivered, has failed, or was cancelled. Not called if it was abandoned. */
  notified(): void;
  /** A notification does not fit in this budget: the cell has to stop, because nothing may be lost silently. */
  overrun(budget: ByteBudget): void;
}

/** What a call or a notification costs besides its text, in bytes. */
const TASK_BYTES = 512;

/**
 * The delegate calls of one cell: starts them, and ends them together.
 *
 * Cancelling aborts every signal, in the same tick if that takes a few milliseconds, and then waits for
 * all of them together, once, for 100 ms from the first. Cells that are cancelled in the same tick share
 * that deadline, so a session of any size closes in 100 ms.
 */
export class Callbacks {
  readonly #delegate: Delegate;
  /** The same delegate if it passes calls on. */
  readonly #passing: PassingDelegate | null;
  readonly #counts: CallbackCounts;
  readonly #results: CallbackResults;
  readonly #budget: ByteBudget;
  /** In call order. When all are cancelled, those that are over stay until the last one is. */
  readonly #open = new Set<Callback>();
  #running = 0;
  #notifications = 0;
  #ended: CancelReason | null = null;
  #cancelling: Promise<number> | null = null;
  #wake: (() => void) | null = null;

  /** @param budget For everything that is pending at the delegate. */
  constructor(
    delegate: Delegate,
    counts: CallbackCounts,
    results: CallbackResults,
    budget: ByteBudget,
  ) {
    this.#delegate = delegate;
    this.#passing = isPassing(delegate) ? delegate : null;
    this.#counts = counts;
    this.#results = results;
    this.#budget = budget;
  }

  /** Whether no callback is running. */
  get idle(): boolean {
    return this.#running === 0;
  }

  get pendingNotifications(): number {
    return this.#notifications;
  }

  /** The unanswered tool calls, in call order. */
  get pendingCalls(): readonly PendingCall[] {
    return [...this.#open].flatMap(({ call, state }) =>
      call === null || state !== 'running' ? [] : [{ callId: call.callId, tool: call.tool }],
    );
  }

  /**
   * Runs a tool call. A call that does not fit in the budget fails. After the end, a call is not
   * started but answered as cancelled.
   */
  invokeTool(id: number, call: ToolCall): void {
    if (this.#ended !== null) return this.#results.toolEnded(id, call, CALL_CANCELLED);
    const bytes = bytesOf(call.inputText);
    const full = this.#budget.reserve(bytes);
    if (full !== null) return this.#results.toolEnded(id, call, failed(noRoom(full)));
    const callback = this.#begin(id, call, bytes);
    if (this.#passing !== null) this.#passing.passCall(call, callback);
    else void this.#await(callback, (signal) => this.#delegate.invokeTool(call, signal));
  }

  /**
   * Delivers a notification. A failure is not reported: a program must not depend on its audience.
   */
  notify(notification: Notification): void {
    if (this.#ended !== null) return this.#results.notified();
    const bytes = bytesOf(notification.text);
    const full = this.#budget.reserve(bytes);
    if (full !== null) return this.#results.overrun(full);
    const callback = this.#begin(0, null, bytes);
    this.#notifications += 1;
    if (this.#passing !== null) this.#passing.passNotification(notification, callback);
    else void this.#await(callback, (signal) => this.#delegate.notify(notification, signal));
  }

  /**
   * Ends the callbacks of a program that ended by itself: waits for its notifications, for `drainMs`
   * at most, then cancels the rest. `cancel` cuts the wait short.
   *
   * @returns How many notifications were not delivered in time.
   */
  drain(drainMs: number): Promise<number> {
    return this.#notifications === 0 ? this.cancel('completion') : this.#drain(drainMs);
  }

  async #drain(drainMs: number): Promise<number> {
    const { promise: timedOut, resolve } = Promise.withResolvers<void>();
    const timer = startTimer(resolve, drainMs);
    while (this.#notifications > 0 && this.#ended === null) {
      const changed = new Promise<void>((wake) => {
        this.#wake = wake;
      });
      if (await Promise.race([changed.then(() => false), timedOut.then(() => true)])) break;
    }
    clearTimeout(timer);
    const undelivered = this.#ended === null ? this.#notifications : 0;
    await this.cancel(undelivered > 0 ? 'drain-timeout' : 'completion');
    return undelivered;
  }

  /**
   * Cancels all running callbacks at once. Resolves when all have returned, or after 100 ms.
   *
   * @returns 0 undelivered notifications, to match `drain`: after cancelling, they do not count.
   */
  cancel(reason: CancelReason): Promise<number> {
    this.#cancelling ??= this.#cancel(reason);
    return this.#cancelling;
  }

  async #cancel(reason: CancelReason): Promise<number> {
    this.#ended = reason;
    if (this.idle) {
      this.#wake?.();
      return 0;
    }
    const grace = GracePeriod.join();
    const { promise: returned, resolve } = Promise.withResolvers<void>();
    this.#wake?.();
    this.#wake = () => this.idle && resolve();
    const aborted = this.#abortAll(new Cancelled(reason));
    void grace.over.then(resolve);
    await returned;
    if (aborted !== null) await aborted;
    grace.leave();
    this.#abandonRest();
    return 0;
  }

  /** Listeners are code of the delegate and may be slow. @returns See `inSlices`. */
  #abortAll(reason: Cancelled): Promise<void> | null {
    const open = [...this.#open];
    let at = 0;
    return inSlices(() => {
      const callback = open[at];
      at += 1;
      if (callback?.state === 'running') callback.cancel(reason);
      return callback !== undefined;
    });
  }

  #abandonRest(): void {
    this.#counts.abandoned += this.#running;
    for (const callback of this.#open) {
      if (callback.state !== 'running') continue;
      callback.state = 'abandoned';
      this.#budget.free(callback.bytes);
    }
    this.#running = 0;
    this.#open.clear();
  }

  /** Waits for a delegate that returns promises. */
  async #await(
    callback: Callback,
    start: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<void> {
    let result: unknown;
    try {
      result = await start(callback.controller!.signal);
    } catch (error) {
      return callback.failed(error);
    }
    callback.answered(result);
  }

  readonly #returned: Returned = (callback, result) => {
    const { call } = callback;
    if (call === null) return this.#delivered(callback);
    const room = this.#ended === null ? this.#results.room() : null;
    if (room === null) this.#answer(callback, call, this.#answerTo(result));
    else void this.#answerLater(callback, call, result, room);
  };

  /** Results wait as they are. Text is weighed, so that whoever reads it from a client can pause. */
  async #answerLater(
    callback: Callback,
    call: ToolCall,
    result: unknown,
    room: Promise<boolean>,
  ): Promise<void> {
    const bytes = bytesOf(textOf(result));
    this.#budget.countWaiting(bytes);
    const hasRoom = await room;
    this.#budget.countWaiting(-bytes);
    this.#answer(callback, call, hasRoom ? toAnswer(result) : CALL_CANCELLED);
  }

  #answer(callback: Callback, call: ToolCall, answer: ToolAnswer): void {
    if (callback.state === 'running') this.#results.toolEnded(callback.id, call, answer);
    this.#finish(callback);
  }

  #answerTo(result: unknown): ToolAnswer {
    if (this.#ended === null) return toAnswer(result);
    return result instanceof Failure ? CALL_CANCELLED : CALL_RETURNED;
  }

  /** A failure is not reported, see `notify`. */
  #delivered(callback: Callback): void {
    this.#notifications -= 1;
    if (callback.state === 'running') this.#results.notified();
    this.#finish(callback);
  }

  #begin(id: number, call: ToolCall | null, bytes: number): Callback {
    const controller = this.#passing === null ? new AbortController() : null;
    const callback = new Callback(id, call, bytes, controller, this.#returned);
    this.#open.add(callback);
    this.#running += 1;
    return callback;
  }

  #finish(callback: Callback): void {
    if (callback.state === 'abandoned') {
      this.#counts.late += 1;
      return;
    }
    callback.state = 'over';
    this.#running -= 1;
    if (this.#ended === null) this.#open.delete(callback);
    this.#budget.free(callback.bytes);
    this.#wake?.();
  }
}

/** Text is weighed as it is in memory at most. */
function bytesOf(text: string | Uint8Array | undefined): number {
  if (text === undefined) return TASK_BYTES;
  return TASK_BYTES + (typeof text === 'string' ? 2 : 1) * text.length;
}

/** The text that makes up a result. */
function textOf(result: unknown): string | Uint8Array | undefined {
  if (result instanceof JsonText) return result.json;
  if (!(result instanceof Failure)) return undefined;
  return result.message instanceof ErrorText ? result.message.bytes : result.message;
}

function noRoom({ name, maxBytes }: ByteBudget): string {
  return `too much waits for tools at once: the limit is ${maxBytes} bytes (${name})`;
}
