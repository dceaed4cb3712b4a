import { type Delegate, JsonText, ToolCall } from '../../src/delegate.ts';
import { Cancelled, type CancelReason } from '../../src/errors.ts';
import type { Reply } from '../../src/routing/routed-items.ts';
import { messageOf, toAnswer } from '../../src/runtime/tool-answer.ts';
import { flatToolName } from '../../src/tools.ts';
import type { DelegateRequest } from '../wire/protocol.ts';
import type { SessionRequest, SessionTraffic } from './session-traffic.ts';

type Invocation = Extract<DelegateRequest, { type: 'tool/invoke' }>['invocation'];
type Notice = Extract<DelegateRequest, { type: 'notification/send' }>;

/** The signal of a request that cannot be cancelled. */
const NEVER = new AbortController().signal;
const FAILED = -32_603;

/** The host's calls that are running at a session's delegates. Cancelled ones are not waited for. */
export class IncomingTasks {
  readonly #hasCellsCapability: boolean;
  readonly #tasks = new Map<string, Set<Task>>();

  /** @param hasCellsCapability Whether the host distinguishes an absent argument from null, and waits for cancelled calls. */
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
    // A host of version 1 accepts no late answer, and may report the end of the cell much later.
    if (!this.#hasCellsCapability) task.endWith(signal);
    const done =
      message.type === 'tool/invoke'
        ? this.#invoke(task, message.invocation, delegate, signal)
        : this.#notify(task, message, delegate, signal);
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
    invocation: Invocation,
    delegate: Delegate,
    signal: AbortSignal,
  ): Promise<void> {
    const result = await delegate.invokeTool(this.#toCall(invocation), signal);
    if (result instanceof JsonText) JSON.parse(result.text);
    const answer = toAnswer(result);
    if (answer.ok) task.reply({ result: { type: 'tool/result', json: answer.text } });
    else task.refuse(answer.text);
  }

  #toCall(invocation: Invocation): ToolCall {
    const { cell_id: cellId, runtime_tool_call_id: callId, tool_name: toolName } = invocation;
    const { tool_kind: kind, input } = invocation;
    return new ToolCall({
      cellId,
      callId,
      tool: flatToolName(toolName),
      toolName,
      kind,
      inputJson: input === null && !this.#hasCellsCapability ? undefined : JSON.stringify(input),
    });
  }

  async #notify(
    task: Task,
    { cellId, callId, text }: Notice,
    delegate: Delegate,
    signal: AbortSignal,
  ): Promise<void> {
    // Version 1 sends an empty text if there is no id.
    await delegate.notify({ cellId, callId: callId === '' ? null : callId, text }, signal);
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

/** The cell that made the request. */
export function cellOf(request: DelegateRequest): string {
  return request.type === 'tool/invoke' ? request.invocation.cell_id : request.cellId;
}

/** Answers a request with an error. */
export function refuse(request: SessionRequest, message: string): void {
  request.reply({ error: { code: FAILED, message } });
}
