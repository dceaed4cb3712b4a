import { OWN_CAPABILITIES } from '../../host/wire/capabilities.ts';
import type { Transport } from '../../host/wire/transport.ts';
import type { Json } from './v1-peer.ts';

/** A request of a client. */
export interface AskedOperation {
  readonly id: number;
  readonly request: Json;
}

/** A host that follows the test, and records its client's messages. */
export class ScriptedHost {
  /** Requests of the client, in order. */
  readonly asked: AskedOperation[] = [];
  /** Its answers to delegated requests, in order. */
  readonly answers: Json[] = [];
  /** Settles when the connection has ended. */
  readonly closed: Promise<void>;
  readonly #transport: Transport;
  readonly #capabilities: readonly string[];
  readonly #waiting = new Set<() => void>();
  #nextId = 1;
  #taken = 0;

  constructor(transport: Transport, capabilities: readonly string[] = OWN_CAPABILITIES) {
    this.#transport = transport;
    this.#capabilities = capabilities;
    this.closed = new Promise((resolve) =>
      transport.start({
        message: (body) => this.#receive(JSON.parse(body.toString('utf8')) as Json),
        closed: () => resolve(),
      }),
    );
  }

  send(message: object): void {
    this.#transport.send(JSON.stringify(message));
  }

  /** The next request of the client, each once. */
  async next(): Promise<AskedOperation> {
    await this.until(() => this.asked.length > this.#taken);
    this.#taken += 1;
    return this.asked[this.#taken - 1]!;
  }

  /** Resolves when the condition holds, checked after each message. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Answers a request with success, or with `result`. */
  answer(id: number, value: object, result: object = { status: 'ok', value }): void {
    this.send({ type: 'operation/response', id, result });
  }

  fail(id: number, message: string): void {
    this.answer(id, {}, { status: 'error', message });
  }

  /** Answers a create. */
  created(id: number, sessionId: string, fields: object = {}): void {
    this.answer(id, { type: 'session/created', sessionId, ...fields });
  }

  /** Answers an execute. */
  started(id: number, cellId: string): void {
    this.answer(id, { type: 'execution/started', cellId });
  }

  /** Sends the first event of a cell: no output, still running. */
  initial(id: number, cellId: string): void {
    const value = {
      Yielded: { cell_id: cellId, content_items: [], code_mode_host_duration_ns: 0 },
    };
    this.send({ type: 'execute/initialResponse', id, result: { status: 'ok', value } });
  }

  /** Calls a tool. @returns The id of the call. */
  tool(sessionId: string, cellId: string, name: string, fields: object = {}): number {
    const invocation = {
      cell_id: cellId,
      runtime_tool_call_id: 'tool-1',
      tool_name: { name, namespace: null },
      tool_kind: 'function',
      input: name,
    };
    return this.#delegate(sessionId, { type: 'tool/invoke', invocation }, fields);
  }

  notify(sessionId: string, cellId: string, text: string, fields: object = {}): number {
    const request = { type: 'notification/send', callId: null, cellId, text };
    return this.#delegate(sessionId, request, fields);
  }

  cellClosed(sessionId: string, cellId: string): void {
    this.send({ type: 'cell/closed', sessionId, cellId });
  }

  /** The client's answer to a call: the value, or the text of the error. */
  async answerTo(id: number): Promise<unknown> {
    const isIt = (message: Json) => message.id === id;
    await this.until(() => this.answers.some(isIt));
    const { result } = this.answers.find(isIt) as { result: { value?: Json; message?: string } };
    return result.value ?? result.message;
  }

  destroy(error?: Error): void {
    this.#transport.destroy(error);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  #delegate(sessionId: string, request: object, fields: object): number {
    const id = this.#nextId;
    this.#nextId += 1;
    this.send({ type: 'delegate/request', id, sessionId, request, ...fields });
    return id;
  }

  #receive(message: Json): void {
    if (message.type === 'connection/hello') {
      const capabilities = this.#capabilities;
      this.send({ type: 'connection/ready', selectedVersion: 1, capabilities });
    }
    if (message.type === 'operation/request') {
      this.asked.push({ id: message.id as number, request: message.request as Json });
    }
    if (message.type === 'delegate/response') this.answers.push(message);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
