import type { HostHello } from '../../host/wire/handshake.ts';
import type { HostMessage, Operation } from '../../host/wire/protocol.ts';
import { answerRecorded, DELIVERED, RECORDED_TOOLS } from './recorded-tools.ts';
import { V1Driver } from './v1-driver.ts';

type DelegateCall = Extract<HostMessage, { type: 'delegate/request' }>;

/** A served host that runs recorded cells, one after the other. */
export class CellsHost implements AsyncDisposable {
  readonly #driver: V1Driver;
  readonly #pending = new Map<string, PromiseWithResolvers<unknown>>();
  #events: unknown[] = [];
  #lastId = 0;

  /** @param signal Kills the host. */
  constructor(signal: AbortSignal) {
    this.#driver = new V1Driver((message) => this.#receive(message), signal);
    void this.#driver.ended.then((code) => {
      const error = new Error(`The host has gone with exit code ${code}`);
      for (const { reject } of this.#pending.values()) reject(error);
    });
    this.#driver.hello();
  }

  open(sessionId: string): Promise<unknown> {
    return this.#request({ method: 'session/open', sessionId });
  }

  /** Runs a cell to its first answer, which is its last where it ends within three seconds. */
  async execute(sessionId: string, source: string): Promise<unknown> {
    const request = {
      tool_call_id: null,
      enabled_tools: [...RECORDED_TOOLS],
      source,
      yield_time_ms: 3_000,
      max_output_tokens: null,
    };
    const started = this.#request({ method: 'session/execute', sessionId, request });
    const first = this.#expect(`execute/initialResponse ${this.#lastId}`);
    await started;
    return first;
  }

  /** What the programs ask of their client from now on, in the form of the recording. */
  record(): readonly unknown[] {
    this.#events = [];
    return this.#events;
  }

  /** @returns The exit code of the host. */
  end(): Promise<number | null> {
    return this.#driver.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#driver[Symbol.asyncDispose]();
  }

  #request(request: Operation): Promise<unknown> {
    this.#lastId += 1;
    const answer = this.#expect(`operation/response ${this.#lastId}`);
    this.#driver.send({ type: 'operation/request', id: this.#lastId, request });
    return answer;
  }

  #expect(key: string): Promise<unknown> {
    const pending = Promise.withResolvers<unknown>();
    this.#pending.set(key, pending);
    return pending.promise;
  }

  #receive(message: HostMessage | HostHello): void {
    if (message.type === 'delegate/request') return void this.#answer(message);
    if (message.type !== 'operation/response' && message.type !== 'execute/initialResponse') return;
    const key = `${message.type} ${message.id}`;
    this.#pending.get(key)?.resolve(message.result);
    this.#pending.delete(key);
  }

  async #answer({ id, request }: DelegateCall): Promise<void> {
    if (request.type === 'notification/send') {
      this.#events.push(['notify', request.text, request.callId]);
      return this.#driver.respond(id, DELIVERED);
    }
    const { tool_name, tool_kind, runtime_tool_call_id, input } = request.invocation;
    const { name, namespace } = tool_name;
    this.#events.push(['tool', name, namespace, tool_kind, runtime_tool_call_id, input]);
    this.#driver.respond(id, await answerRecorded(request.invocation));
  }
}
