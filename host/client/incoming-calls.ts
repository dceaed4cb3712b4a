import { Cancelled, type CancelReason } from '../../src/errors.ts';
import type { Reply } from '../../src/routing/routed-items.ts';
import type { Connection } from '../wire/connection.ts';
import type { DelegateRequest, HostMessage } from '../wire/protocol.ts';
import type { AskedEnds } from './asked-ends.ts';
import type { SessionRouter, SessionTraffic } from './session-traffic.ts';

type DelegateMessage = Extract<HostMessage, { type: 'delegate/request' }>;

interface Delegated {
  readonly sessionId: string;
  readonly request: DelegateRequest;
  readonly controller: AbortController;
}

/** What the host asked and has no answer to: takes it to its session, and the answer back. */
export class IncomingCalls {
  readonly #connection: Connection;
  readonly #router: SessionRouter;
  readonly #ends: AskedEnds;
  readonly #open = new Map<number, Delegated>();

  /** @param ends Why a host of version 1 cancels what it asked. */
  constructor(connection: Connection, router: SessionRouter, ends: AskedEnds) {
    this.#connection = connection;
    this.#ends = ends;
    this.#router = router;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * @param bytes What it costs to keep.
   * @returns False where a request of this id has no answer yet; nothing happens then.
   */
  take({ id, sessionId, request, token }: DelegateMessage, bytes: number): boolean {
    if (this.#open.has(id)) return false;
    const controller = new AbortController();
    this.#open.set(id, { sessionId, request, controller });
    const reply = (answer: Reply<SessionTraffic>) => this.#respond(id, answer);
    const item = { kind: 'request', message: request, bytes, controller, reply } as const;
    this.#router.route(sessionId, item, token);
    return true;
  }

  /** @param reason Undefined for a host that wants no late answer; one of our own waits for it. */
  cancel(id: number, reason: CancelReason | undefined): void {
    const delegated = this.#open.get(id);
    if (delegated === undefined) return;
    const { sessionId, request, controller } = delegated;
    if (reason === undefined) this.#open.delete(id);
    controller.abort(new Cancelled(reason ?? this.#ends.reasonFor(sessionId, request)));
  }

  /** The connection is over: nothing is answered any more. */
  clear(): void {
    this.#open.clear();
  }

  /** A result that does not fit into a frame becomes an error. */
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
