import { type Delegate, JsonText, ToolCall } from '../../src/delegate.ts';
import { Cancelled, type CancelReason } from '../../src/errors.ts';
import { messageOf, toAnswer } from '../../src/tool-answer.ts';
import { flatToolName } from '../../src/tools.ts';
import type { DelegateRequest, DelegateResult } from '../protocol.ts';

/** Where answers go. */
export interface Responder {
  respond(id: number, result: DelegateResult): void;
  respondText(id: number, json: string): void;
}

interface Task {
  readonly cellId: string;
  readonly controller: AbortController;
}

/** What a session's delegate is doing for its host. A cancelled task is not waited for. */
export class DelegateTasks {
  readonly #responder: Responder;
  readonly #own: boolean;
  readonly #tasks = new Map<number, Task>();

  /** @param own Whether the host tells no argument from null. */
  constructor(responder: Responder, own: boolean) {
    this.#responder = responder;
    this.#own = own;
  }

  /** Has the delegate do what the host asks, and answers the host. */
  run(id: number, request: DelegateRequest, delegate: Delegate): void {
    const controller = new AbortController();
    const tool = request.type === 'tool/invoke';
    const cellId = tool ? request.invocation.cell_id : request.cellId;
    this.#tasks.set(id, { cellId, controller });
    const done = tool
      ? this.#invoke(id, request.invocation, delegate, controller.signal)
      : this.#notify(id, request, delegate, controller.signal);
    done
      .catch((error: unknown) => this.#responder.respond(id, failed(error)))
      .finally(() => this.#tasks.delete(id));
  }

  cancel(id: number, reason: CancelReason): void {
    this.#tasks.get(id)?.controller.abort(new Cancelled(reason));
  }

  /** Cancels what still runs for a cell. */
  cancelCell(cellId: string, reason: CancelReason): void {
    for (const [id, task] of this.#tasks) if (task.cellId === cellId) this.cancel(id, reason);
  }

  cancelAll(reason: CancelReason): void {
    for (const id of this.#tasks.keys()) this.cancel(id, reason);
  }

  async #invoke(
    id: number,
    invocation: Extract<DelegateRequest, { type: 'tool/invoke' }>['invocation'],
    delegate: Delegate,
    signal: AbortSignal,
  ): Promise<void> {
    const { cell_id: cellId, runtime_tool_call_id: callId, tool_name: toolName } = invocation;
    const { tool_kind: kind, input } = invocation;
    const call = new ToolCall({
      cellId,
      callId,
      tool: flatToolName(toolName),
      toolName,
      kind,
      inputJson: input === null && !this.#own ? undefined : JSON.stringify(input),
    });
    const result = await delegate.invokeTool(call, signal);
    if (result instanceof JsonText) JSON.parse(result.text);
    const answer = toAnswer(result);
    if (answer.ok) this.#responder.respondText(id, answer.json);
    else this.#responder.respond(id, { status: 'error', message: answer.message });
  }

  async #notify(
    id: number,
    request: Extract<DelegateRequest, { type: 'notification/send' }>,
    delegate: Delegate,
    signal: AbortSignal,
  ): Promise<void> {
    const { cellId, callId, text } = request;
    // Version 1 says an empty text where there is no id.
    await delegate.notify({ cellId, callId: callId === '' ? null : callId, text }, signal);
    const value = { type: 'notification/delivered' } as const;
    this.#responder.respond(id, { status: 'ok', value });
  }
}

function failed(error: unknown): DelegateResult {
  return { status: 'error', message: messageOf(error) };
}
