import { type Delegate, JsonText, type Notification, type ToolCall } from '../../src/delegate.ts';
import type { DelegateAnswer, DelegateCalls } from './delegate-calls.ts';

/** What is known of the cells of a session. */
export interface CellNews {
  /** What to wait for before a client is asked for anything; undefined where it knows the cell. */
  untilAnnounced(cellId: string): Promise<void> | undefined;
  /** No callback of a cell runs any more. */
  cellEnded(cellId: string): void;
}

/** Has the client do what the programs of one session ask for. */
export class ClientDelegate implements Delegate {
  readonly #calls: DelegateCalls;
  readonly #sessionId: string;
  readonly #absentInput: string;
  readonly #cells: CellNews;

  /** @param own Whether the client tells no argument from null; version 1 says null for both. */
  constructor(calls: DelegateCalls, sessionId: string, own: boolean, cells: CellNews) {
    this.#calls = calls;
    this.#sessionId = JSON.stringify(sessionId);
    this.#absentInput = own ? '' : ',"input":null';
    this.#cells = cells;
  }

  async invokeTool(call: ToolCall, signal: AbortSignal): Promise<unknown> {
    const request = toolRequest(call, this.#absentInput);
    const { cellId } = call;
    const asking = { sessionId: this.#sessionId, cellId, request };
    const announced = this.#cells.untilAnnounced(cellId);
    if (announced !== undefined) await announced;
    const answer = await this.#calls.ask(asking, signal);
    const { result } = answer;
    if (result.status === 'error') throw new Error(result.message);
    if (result.value.type === 'tool/result') return resultText(answer) ?? result.value.result;
    throw new Error('code-mode client returned an invalid tool result');
  }

  async notify({ cellId, callId, text }: Notification, signal: AbortSignal): Promise<void> {
    const request = JSON.stringify({ type: 'notification/send', callId, cellId, text });
    const asking = { sessionId: this.#sessionId, cellId, request };
    const announced = this.#cells.untilAnnounced(cellId);
    if (announced !== undefined) await announced;
    const { result } = await this.#calls.ask(asking, signal);
    if (result.status === 'error') throw new Error(result.message);
    if (result.value.type === 'notification/delivered') return;
    throw new Error('code-mode client returned an invalid notification result');
  }

  cellClosed(cellId: string): void {
    this.#calls.endCell(this.#sessionId, cellId);
    this.#cells.cellEnded(cellId);
  }
}

/** The argument goes out as the text it came in: read once to be sure that it is JSON, not written again. */
function toolRequest(call: ToolCall, absentInput: string): string {
  const { cellId, callId, toolName, kind, inputJson } = call;
  if (inputJson !== undefined) JSON.parse(inputJson);
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
 * The result as the text it came in, so that it need not be written again; undefined where the
 * client does not write its messages the usual way. The whole message was checked before.
 */
function resultText({ id, text }: DelegateAnswer): JsonText | undefined {
  const head = `{"type":"delegate/response","id":${id},"result":{"status":"ok","value":{"type":"tool/result","result":`;
  if (!text.startsWith(head) || !text.endsWith('}}}')) return undefined;
  return new JsonText(text.slice(head.length, -3));
}
