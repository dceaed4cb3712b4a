import type { Delegate, Notification, ToolCall } from '../delegate.ts';
import { Cancelled, type CancelReason } from '../errors.ts';
import type { PendingCall } from '../events.ts';
import { startTimer } from '../waiting/timer.ts';
import type { ByteBudget } from './byte-budget.ts';
import { GracePeriod } from './grace-period.ts';
import { failed, messageOf, type ToolAnswer, toAnswer } from './tool-answer.ts';

/** What became of callbacks that did not stop in time, counted over a session. */
export interface CallbackCounts {
  /** Still running when the deadline came. */
  abandoned: number;
  /** Of those, how many came back later; what they brought was dropped. */
  late: number;
}

/** What a tool call is answered that cannot be made any more. */
const CALL_CANCELLED = failed('code mode nested tool call cancelled');

/** Who gets the results of callbacks. The methods must not throw. */
export interface CallbackResults {
  /** A tool call was answered. Not called for a call that was abandoned. */
  toolEnded(id: number, call: ToolCall, answer: ToolAnswer): void;
  /** A notification was delivered, has failed, or was cancelled. Not called if it was abandoned. */
  notified(): void;
  /** A notification finds no room in this budget: the cell has to stop, because nothing may be lost silently. */
  overrun(budget: ByteBudget): void;
}

/** What a call or a notification costs besides its text, in bytes. */
const TASK_BYTES = 512;

/** A callback that runs; `call` is null for a notification. */
class Task {
  readonly controller = new AbortController();
  readonly call: ToolCall | null;
  /** What is reserved for it. */
  readonly bytes: number;

  constructor(call: ToolCall | null, bytes: number) {
    this.call = call;
    this.bytes = bytes;
  }
}

/**
 * The delegate calls of one cell: starts them, and ends them together.
 *
 * Cancelling aborts every signal in the same tick and then waits for all of them together, once,
 * for 100 ms. Cells that are cancelled in the same tick share that deadline, so a session of any
 * size closes in 100 ms.
 */
export class Callbacks {
  readonly #delegate: Delegate;
  readonly #counts: CallbackCounts;
  readonly #results: CallbackResults;
  readonly #budget: ByteBudget;
  readonly #tasks = new Set<Task>();
  #notifications = 0;
  #ended: CancelReason | null = null;
  #cancelling: Promise<number> | null = null;
  #wake: (() => void) | null = null;

  /** @param budget Of what waits for the delegate. */
  constructor(
    delegate: Delegate,
    counts: CallbackCounts,
    results: CallbackResults,
    budget: ByteBudget,
  ) {
    this.#delegate = delegate;
    this.#counts = counts;
    this.#results = results;
    this.#budget = budget;
  }

  /** Whether no callback runs. */
  get idle(): boolean {
    return this.#tasks.size === 0;
  }

  get pendingNotifications(): number {
    return this.#notifications;
  }

  /** The tool calls that have not come back, in call order. */
  get pendingCalls(): readonly PendingCall[] {
    return [...this.#tasks].flatMap(({ call }) =>
      call === null ? [] : [{ callId: call.callId, tool: call.tool }],
    );
  }

  /**
   * Runs a tool call. A call that finds no room in the budget fails; after the end a call is not
   * started, and answered as cancelled.
   */
  invokeTool(id: number, call: ToolCall): void {
    if (this.#ended !== null) return this.#results.toolEnded(id, call, CALL_CANCELLED);
    const bytes = bytesOf(call.inputJson);
    const full = this.#budget.reserve(bytes);
    if (full === null) void this.#invoke(id, this.#begin(call, bytes), call);
    else this.#results.toolEnded(id, call, failed(noRoom(full)));
  }

  /**
   * Delivers a notification. Its failure is reported to nobody: a program must not depend on who
   * listens.
   */
  notify(notification: Notification): void {
    if (this.#ended !== null) return this.#results.notified();
    const bytes = bytesOf(notification.text);
    const full = this.#budget.reserve(bytes);
    if (full === null) void this.#deliver(this.#begin(null, bytes), notification);
    else this.#results.overrun(full);
  }

  /**
   * Sees off the callbacks of a program that ended by itself: waits for its notifications, for
   * `drainMs` at most, then cancels what is left. Cut short by `cancel`.
   *
   * @returns How many notifications were not delivered in time.
   */
  async drain(drainMs: number): Promise<number> {
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
   * Cancels everything that runs, at once; resolves when all returned, 100 ms later at most.
   *
   * @returns 0, as `drain` would: whoever cancels does not ask what was not delivered.
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
    const running = [...this.#tasks];
    const cancelled = new Cancelled(reason);
    this.#wake?.();
    this.#wake = () => this.idle && resolve();
    for (const { controller } of running) controller.abort(cancelled);
    void grace.over.then(resolve);
    await returned;
    grace.leave();
    this.#counts.abandoned += this.#tasks.size;
    for (const task of this.#tasks) {
      abandoned.add(task);
      this.#budget.free(task.bytes);
    }
    this.#tasks.clear();
    return 0;
  }

  async #invoke(id: number, task: Task, call: ToolCall): Promise<void> {
    let answer: ToolAnswer;
    try {
      answer = toAnswer(await this.#delegate.invokeTool(call, task.controller.signal));
    } catch (error) {
      answer = failed(messageOf(error));
    }
    if (this.#tasks.has(task)) this.#results.toolEnded(id, call, answer);
    this.#finish(task);
  }

  async #deliver(task: Task, notification: Notification): Promise<void> {
    this.#notifications += 1;
    try {
      await this.#delegate.notify(notification, task.controller.signal);
    } catch {
      // Reported to nobody, see `notify`.
    }
    this.#notifications -= 1;
    if (this.#tasks.has(task)) this.#results.notified();
    this.#finish(task);
  }

  #begin(call: ToolCall | null, bytes: number): Task {
    const task = new Task(call, bytes);
    this.#tasks.add(task);
    return task;
  }

  #finish(task: Task): void {
    if (this.#tasks.delete(task)) {
      this.#budget.free(task.bytes);
      this.#wake?.();
    } else if (abandoned.delete(task)) this.#counts.late += 1;
  }
}

function bytesOf(text: string | undefined): number {
  return TASK_BYTES + 2 * (text?.length ?? 0);
}

function noRoom({ name, maxBytes }: ByteBudget): string {
  return `too much waits for tools at once: the limit is ${maxBytes} bytes (${name})`;
}

/** Tasks whose deadline passed while they ran. */
const abandoned = new WeakSet<Task>();
