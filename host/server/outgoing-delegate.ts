import { JsonText, type Notification, type ToolCall } from '../../src/delegate.ts';
import { errorOf } from '../../src/errors.ts';
import { isLargeValue, jsonPieces, PIECE_LENGTH, textPieces } from '../../src/json/json-pieces.ts';
import type { CallPasser, PassedCall } from '../../src/runtime/passed-call.ts';
import type { OutgoingCall, OutgoingCalls } from '../core/outgoing-calls.ts';
import type { DelegateResult } from '../wire/protocol.ts';

/** A call as JSON text, without the beginning of its message. */
export interface JsonCall extends OutgoingCall<JsonAnswer> {
  /** What follows the id in a `delegate/request`, but for its end; in pieces if it is large. */
  readonly tail: string | LargeTail;
}

/** A text in pieces. */
export interface LargeTail {
  readonly pieces: Iterable<string | Buffer>;
  /** About how long all of them are. */
  readonly length: number;
}

/** A client's answer, and the text of the message that carried it; null for a large one. */
export interface JsonAnswer {
  readonly id: number;
  readonly result: DelegateResult;
  readonly text: string | null;
}

export type JsonCalls = OutgoingCalls<JsonCall, JsonAnswer>;

/** Sends the calls of one session's programs to a client, in the form of version 1. */
export class OutgoingDelegate implements CallPasser {
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

  passCall(call: ToolCall, passed: PassedCall): void {
    this.#pass(call.cellId, this.#tailOf(call), readResult, passed);
  }

  passNotification({ cellId, callId, text }: Notification, passed: PassedCall): void {
    const request = { type: 'notification/send', callId, cellId, text };
    const tail = isLargeValue(request)
      ? { pieces: this.#tailPieces(jsonPieces(request)), length: text.length }
      : `${this.#head}${JSON.stringify(request)}`;
    this.#pass(cellId, tail, readDelivered, passed);
  }

  cellClosed(cellId: string): void {
    this.#calls.endCell(this.#sessionId, cellId);
  }

  #pass(cellId: string, tail: JsonCall['tail'], read: JsonCall['read'], passed: PassedCall): void {
    this.#calls.pass({ sessionId: this.#sessionId, cellId, tail, read }, passed);
  }

  /** Keeps the argument as it is: its sandbox has checked that it is JSON. */
  #tailOf(call: ToolCall): JsonCall['tail'] {
    const input = call.inputText;
    const head = `${this.#head}${invocationHead(call)}`;
    if (input === undefined) return `${head}${this.#absentInput}}}`;
    if (typeof input !== 'string') {
      const bytes = Buffer.from(input.buffer, input.byteOffset, input.length);
      return { pieces: [`${head},"input":`, bytes, '}}'], length: input.length };
    }
    if (input.length <= PIECE_LENGTH) return `${head},"input":${input}}}`;
    const pieces = [`${head},"input":`, ...textPieces(input), '}}'];
    return { pieces, length: input.length };
  }

  *#tailPieces(request: Iterable<string>): Generator<string> {
    yield this.#head;
    yield* request;
  }
}

/** @throws Error if the tool failed, or the client answered something else. */
function readResult(answer: JsonAnswer): JsonText {
  const { result } = answer;
  if (result.status === 'error') throw errorOf(result.message);
  if (result.value.type === 'tool/result') return resultText(answer, result.value.result);
  throw new Error('code-mode client returned an invalid tool result');
}

function readDelivered({ result }: JsonAnswer): void {
  if (result.status === 'error') throw errorOf(result.message);
  if (result.value.type === 'notification/delivered') return;
  throw new Error('code-mode client returned an invalid notification result');
}

/** A tool call without its argument and its end. */
function invocationHead({ cellId, callId, toolName, kind }: ToolCall): string {
  const fields = JSON.stringify({
    cell_id: cellId,
    runtime_tool_call_id: callId,
    tool_name: { name: toolName.name, namespace: toolName.namespace },
    tool_kind: kind,
  });
  return `{"type":"tool/invoke","invocation":${fields.slice(0, -1)}`;
}

/**
 * The result as the text that arrived, so that it need not be serialized again unless the client
 * formats its messages in another way. The whole message was checked before.
 */
function resultText({ id, text }: JsonAnswer, result: unknown): JsonText {
  if (result instanceof JsonText) return result;
  if (text === null) return new JsonText(JSON.stringify(result));
  const head = `{"type":"delegate/response","id":${id},"result":{"status":"ok","value":{"type":"tool/result","result":`;
  const isUsual = text.startsWith(head) && text.endsWith('}}}');
  return new JsonText(isUsual ? text.slice(head.length, -3) : (JSON.stringify(result) ?? 'null'));
}
