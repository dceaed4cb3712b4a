import { type Delegate, JsonText, type Notification, type ToolCall } from '../../src/delegate.ts';
import { Cancelled, type CancelReason, messageOf } from '../../src/errors.ts';
import type { Reply } from '../../src/routing/routed-items.ts';
import { toAnswer } from '../../src/runtime/tool-answer.ts';
import { cellOf, type SessionRequest, type SessionTraffic } from './session-traffic.ts';

/** The signal of a request that cannot be cancelled. */
const NEVER = new AbortController().signal;
const FAILED = -32_603;

/** The host's calls that are running at a session's delegates. Cancelled ones are not waited for. */
export class IncomingTasks {
  readonly #hasCellsCapability: boolean;
  readonly #tasks = new Map<string, Set<Task>>();

  /** @param hasCellsCapability Whether the host waits for cancelled calls. */
  constructor(hasCellsCapability: boolean) {
    this.#hasCellsCapability = hasCellsCapability;
  }

  /** How many tasks the host may still want answers to. */
  get size(): number {
    let size = 0;
    for (const tasks of this.#tasks.values()) size += tasks.size;
    return size;
  }

  /** Runs a call with the delegate, and answers the host. */
  run(request: SessionRequest, delegate: Delegate): void {
    const { message, signal = NEVER } = request;
    const task = new Task(request, () => this.#forget(cellOf(message), task));
    this.#keep(cellOf(message), task);
    // Other hosts accept no late answer, and may report the end of the cell much later.
    if (!this.#hasCellsCapability) task.endWith(signal);
    const done =
      message.type === 'tool'
        ? this.#invoke(task, message.call, delegate, signal)
        : this.#notify(task, message.notification, delegate, signal);
    done.catch((error: unknown) => task.refuse(messageOf(error))).finally(() => task.end());
  }

  /** Cancels and forgets the running tasks of a cell: their answers are no longer wanted. */
  endCell(cellId: string, reason: CancelReason): void {
    for (const task of this.#tasks.get(cellId) ?? []) task.cancel(reason);
  }

  /** Like `endCell`, for all cells. */
  endAll(reason: CancelReason): void {
    for (const cellId of [...this.#tasks.keys()]) this.endCell(cellId, reason);
  }

  #keep(cellId: string, task: Task): void {
    const tasks = this.#tasks.get(cellId);
    if (tasks === undefined) this.#tasks.set(cellId, new Set([task]));
    else tasks.add(task);
  }

  #forget(cellId: string, task: Task): void {
    const tasks = this.#tasks.get(cellId);
    tasks?.delete(task);
    if (tasks?.size === 0) this.#tasks.delete(cellId);
  }

  async #invoke(
    task: Task,
    call: ToolCall,
    delegate: Delegate,
    signal: AbortSignal,
  ): Promise<void> {
    const result = await delegate.invokeTool(call, signal);
    if (result instanceof JsonText) JSON.parse(result.text);
    const { ok, text } = toAnswer(result);
    const json = typeof text === 'string' ? text : text.text;
    if (ok) task.reply({ result: { type: 'tool/result', json } });
    else task.refuse(json);
  }

  async #notify(
    task: Task,
    notification: Notification,
    delegate: Delegate,
    signal: AbortSignal,
  ): Promise<void> {
    await delegate.notify(notification, signal);
    task.reply({ result: { type: 'notification/delivered' } });
  }
}

/** A request that is running at a delegate. Once it has ended, nothing of it is kept, even if the delegate continues. */
class Task implements EventListenerObject {
  #request: SessionRequest | null;
  readonly #ended: () => void;

  constructor(request: SessionRequest, ended: () => void) {
    this.#request = request;
    this.#ended = ended;
  }

  reply(reply: Reply<SessionTraffic>): void {
    this.#request?.reply(reply);
  }

  refuse(message: string): void {
    if (this.#request !== null) refuse(this.#request, message);
  }

  /** Ends the request for the delegate and the host. */
  cancel(reason: CancelReason): void {
    const request = this.#request;
    if (request === null) return;
    this.end();
    request.controller?.abort(new Cancelled(reason));
    refuse(request, 'code-mode nested call cancelled');
  }

  endWith(signal: AbortSignal): void {
    signal.addEventListener('abort', this);
  }

  handleEvent(): void {
    this.end();
  }

  end(): void {
    if (this.#request === null) return;
    this.#request.signal?.removeEventListener('abort', this);
    this.#request = null;
    this.#ended();
  }
}

/** Answers a request with an error. */
export function refuse(request: SessionRequest, message: string): void {
  request.reply({ error: { code: FAILED, message } });
}
