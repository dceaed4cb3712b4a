import { type Delegate, JsonText, type Notification, type ToolCall } from '../../src/delegate.ts';
import type { OutgoingCall, OutgoingCalls } from '../core/outgoing-calls.ts';
import type { DelegateResult } from '../wire/protocol.ts';

/** A call as JSON text, without the beginning of its message. */
export interface JsonCall extends OutgoingCall {
  /** What follows the id in a `delegate/request`. */
  readonly tail: string;
}

/** A client's answer, and the text of the message that carried it. */
export interface JsonAnswer {
  readonly id: number;
  readonly result: DelegateResult;
  readonly text: string;
}

export type JsonCalls = OutgoingCalls<JsonCall, JsonAnswer>;

/** Sends the calls of one session's programs to a client, in the form of version 1. */
export class OutgoingDelegate implements Delegate {
  readonly #calls: JsonCalls;
  readonly #sessionId: string;
  readonly #head: string;
  readonly #absentInput: string;

  /** @param hasCellsCapability Whether the client tells an absent argument from null. */
  constructor(calls: JsonCalls, sessionId: string, hasCellsCapability: boolean) {
    this.#calls = calls;
    this.#sessionId = sessionId;
    this.#head = `"sessionId":${JSON.stringify(sessionId)},"request":`;
    this.#absentInput = hasCellsCapability ? '' : ',"input":null';
  }

  async invokeTool(call: ToolCall, signal: AbortSignal): Promise<unknown> {
    const request = toolRequest(call, this.#absentInput);
    const answer = await this.#make(call.cellId, request, signal);
    const { result } = answer;
    if (result.status === 'error') throw new Error(result.message);
    if (result.value.type === 'tool/result') return resultText(answer, result.value.result);
    throw new Error('code-mode client returned an invalid tool result');
  }

  async notify({ cellId, callId, text }: Notification, signal: AbortSignal): Promise<void> {
    const request = JSON.stringify({ type: 'notification/send', callId, cellId, text });
    const { result } = await this.#make(cellId, request, signal);
    if (result.status === 'error') throw new Error(result.message);
    if (result.value.type === 'notification/delivered') return;
    throw new Error('code-mode client returned an invalid notification result');
  }

  cellClosed(cellId: string): void {
    this.#calls.endCell(this.#sessionId, cellId);
  }

  #make(cellId: string, request: string, signal: AbortSignal): Promise<JsonAnswer> {
    const call = { sessionId: this.#sessionId, cellId, tail: `${this.#head}${request}` };
    return this.#calls.make(call, signal);
  }
}

/** Keeps the argument as text: its sandbox has checked that it is JSON. */
function toolRequest(call: ToolCall, absentInput: string): string {
  const { cellId, callId, toolName, kind, inputJson } = call;
  const input = inputJson === undefined ? absentInput : `,"input":${inputJson}`;
  const head = JSON.stringify({
    cell_id: cellId,
    runtime_tool_call_id: callId,
    tool_name: { name: toolName.name, namespace: toolName.namespace },
    tool_kind: kind,
  });
  return `{"type":"tool/invoke","invocation":${head.slice(0, -1)}${input}}}`;
}

/**
 * The result as the text that arrived, so that it need not be serialized again unless the client
 * formats its messages in another way. The whole message was checked before.
 */
function resultText({ id, text }: JsonAnswer, result: unknown): JsonText {
  const head = `{"type":"delegate/response","id":${id},"result":{"status":"ok","value":{"type":"tool/result","result":`;
  const isUsual = text.startsWith(head) && text.endsWith('}}}');
  return new JsonText(isUsual ? text.slice(head.length, -3) : (JSON.stringify(result) ?? 'null'));
}
