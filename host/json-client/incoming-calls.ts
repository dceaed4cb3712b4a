import { ToolCall } from '../../src/delegate.ts';
import { Cancelled, type CancelReason } from '../../src/errors.ts';
import type { Reply } from '../../src/routing/routed-items.ts';
import { flatToolName } from '../../src/tools.ts';
import type { AskedEnds } from '../remote/asked-ends.ts';
import {
  cellOf,
  type HostCall,
  type SessionRouter,
  type SessionTraffic,
} from '../remote/session-traffic.ts';
import type { Connection } from '../wire/connection.ts';
import type { DelegateRequest, HostMessage } from '../wire/protocol.ts';

type DelegateMessage = Extract<HostMessage, { type: 'delegate/request' }>;

type Invocation = Extract<DelegateRequest, { type: 'tool/invoke' }>['invocation'];

interface OpenCall {
  readonly sessionId: string;
  readonly cellId: string;
  readonly controller: AbortController;
}

/** The unanswered calls of the host: takes each to its session, and the answer back. */
export class IncomingCalls {
  readonly #connection: Connection;
  readonly #router: SessionRouter;
  readonly #ends: AskedEnds;
  readonly #open = new Map<number, OpenCall>();
  #hasCellsCapability = false;

  /** @param ends Why a host of version 1 cancels its calls. */
  constructor(connection: Connection, router: SessionRouter, ends: AskedEnds) {
    this.#connection = connection;
    this.#ends = ends;
    this.#router = router;
  }

  /** The host was greeted. @param hasCellsCapability Whether it distinguishes an absent argument from null. */
  greeted(hasCellsCapability: boolean): void {
    this.#hasCellsCapability = hasCellsCapability;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * @param bytes The cost of keeping it.
   * @returns False, without any effect, if a call with this id is open.
   */
  take({ id, sessionId, request, token }: DelegateMessage, bytes: number): boolean {
    if (this.#open.has(id)) return false;
    const controller = new AbortController();
    const message = this.#toCall(request);
    this.#open.set(id, { sessionId, cellId: cellOf(message), controller });
    const reply = (answer: Reply<SessionTraffic>) => this.#respond(id, answer);
    const item = { kind: 'request', message, bytes, controller, reply } as const;
    this.#router.route(sessionId, item, token);
    return true;
  }

  /** @param reason Undefined for a host that accepts no late answer; other hosts wait for one. */
  cancel(id: number, reason: CancelReason | undefined): void {
    const call = this.#open.get(id);
    if (call === undefined) return;
    const { sessionId, cellId, controller } = call;
    if (reason === undefined) this.#open.delete(id);
    controller.abort(new Cancelled(reason ?? this.#ends.reasonFor(sessionId, cellId)));
  }

  /** The connection has ended: no call can be answered. */
  clear(): void {
    this.#open.clear();
  }

  #toCall(request: DelegateRequest): HostCall {
    if (request.type === 'tool/invoke') {
      return { type: 'tool', call: this.#toToolCall(request.invocation) };
    }
    const { cellId, callId, text } = request;
    // Version 1 sends an empty text if there is no id.
    const notification = { cellId, callId: callId === '' ? null : callId, text };
    return { type: 'notification', notification };
  }

  #toToolCall(invocation: Invocation): ToolCall {
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

  /** Sends an error instead of a result that is too large for a frame. */
  #respond(id: number, answer: Reply<SessionTraffic>): void {
    if (!this.#open.delete(id)) return;
    if ('error' in answer) return this.#fail(id, answer.error.message);
    const { result } = answer;
    const value =
      result.type === 'tool/result'
        ? `{"type":"tool/result","result":${result.json}}`
        : '{"type":"notification/delivered"}';
    const head = `{"type":"delegate/response","id":${id},"result":{"status":"ok","value":`;
    try {
      this.#connection.sendText(`${head}${value}}}`);
    } catch (error) {
      const why = (error as Error).message;
      this.#fail(id, `code-mode delegate response exceeds the IPC frame limit: ${why}`);
    }
  }

  #fail(id: number, message: string): void {
    const result = { status: 'error', message } as const;
    this.#connection.send({ type: 'delegate/response', id, result });
  }
}
