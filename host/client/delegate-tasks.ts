import { type Delegate, JsonText, ToolCall } from '../../src/delegate.ts';
import { Cancelled, type CancelReason } from '../../src/errors.ts';
import { messageOf, toAnswer } from '../../src/tool-answer.ts';
import { flatToolName } from '../../src/tools.ts';
import type { DelegateRequest } from '../protocol.ts';
import type { SessionRequest } from './session-traffic.ts';

type Invocation = Extract<DelegateRequest, { type: 'tool/invoke' }>['invocation'];
type Notice = Extract<DelegateRequest, { type: 'notification/send' }>;

/** Never aborts: of a request that nobody can cancel. */
const NEVER = new AbortController().signal;
const FAILED = -32_603;

/** What a session's delegate is doing for its host. A cancelled task is not waited for. */
export class DelegateTasks {
  readonly #own: boolean;
  readonly #tasks = new Map<SessionRequest, string>();

  /** @param own Whether the host tells no argument from null. */
  constructor(own: boolean) {
    this.#own = own;
  }

  /** Has the delegate do what the host asks, and answers the host. */
  run(request: SessionRequest, delegate: Delegate): void {
    const { message, signal = NEVER } = request;
    this.#tasks.set(request, cellOf(message));
    const done =
      message.type === 'tool/invoke'
        ? this.#invoke(request, message.invocation, delegate, signal)
        : this.#notify(request, message, delegate, signal);
    done
      .catch((error: unknown) => refuse(request, messageOf(error)))
      .finally(() => this.#tasks.delete(request));
  }

  /** Cancels what still runs for a cell. */
  cancelCell(cellId: string, reason: CancelReason): void {
    for (const [request, of] of this.#tasks) if (of === cellId) cancel(request, reason);
  }

  cancelAll(reason: CancelReason): void {
    for (const request of this.#tasks.keys()) cancel(request, reason);
  }

  async #invoke(
    request: SessionRequest,
    invocation: Invocation,
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
    if (answer.ok) request.reply({ result: { type: 'tool/result', json: answer.json } });
    else refuse(request, answer.message);
  }

  async #notify(
    request: SessionRequest,
    { cellId, callId, text }: Notice,
    delegate: Delegate,
    signal: AbortSignal,
  ): Promise<void> {
    // Version 1 says an empty text where there is no id.
    await delegate.notify({ cellId, callId: callId === '' ? null : callId, text }, signal);
    request.reply({ result: { type: 'notification/delivered' } });
  }
}

/** The cell that asks. */
export function cellOf(request: DelegateRequest): string {
  return request.type === 'tool/invoke' ? request.invocation.cell_id : request.cellId;
}

/** Answers a request with an error. */
export function refuse(request: SessionRequest, message: string): void {
  request.reply({ error: { code: FAILED, message } });
}

function cancel({ controller }: SessionRequest, reason: CancelReason): void {
  controller?.abort(new Cancelled(reason));
}
