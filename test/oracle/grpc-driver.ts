import { toEvent } from '../../host/grpc/client/from-messages.ts';
import { toToolMessage } from '../../host/grpc/client/to-messages.ts';
import type { CellOutcome, SessionEvent, ToolCall } from '../../host/grpc/generated/code-mode.ts';
import type { HostHello } from '../../host/wire/handshake.ts';
import type {
  ClientMessage,
  DelegateResult,
  HostMessage,
  Operation,
  OperationValue,
} from '../../host/wire/protocol.ts';
import { toOutcome, toResponse } from '../../host/wire/wire-events.ts';
import { GrpcJsClient, type MessageStream } from '../support/grpc-js-client.ts';
import { ServedHost } from '../support/served-host.ts';

type OperationOf<M extends Operation['method']> = Extract<Operation, { method: M }>;

const outcomeOf = (message: CellOutcome) => ({ event: toEvent(message), tookMs: 0, bufferedMs: 0 });

/** A served host that is asked over gRPC, and seen as one that sends the messages of version 1. */
export class GrpcDriver implements AsyncDisposable {
  readonly ended: Promise<number | null>;
  readonly #onMessage: (message: HostMessage | HostHello) => void;
  readonly #host: Promise<ServedHost>;
  readonly #client: Promise<GrpcJsClient>;
  /** The sessions' ids at the host, by the ids of the scenario. */
  readonly #sessions = new Map<string, string>();
  /** What a request waits for, by its id. */
  readonly #waits = new Map<number, { readonly sessionId: string; readonly method: string }>();
  readonly #calls = new Map<number, ToolCall>();
  readonly #over = Promise.withResolvers<number | null>();
  #lastCall = 0;

  constructor(onMessage: (message: HostMessage | HostHello) => void, signal: AbortSignal) {
    this.#onMessage = onMessage;
    this.ended = this.#over.promise;
    this.#host = ServedHost.start({ listen: 'grpc://127.0.0.1:0' });
    this.#client = this.#host.then(({ url }) => new GrpcJsClient(url.slice('http://'.length)));
    signal.addEventListener('abort', () => void this[Symbol.asyncDispose]());
  }

  /** Nobody greets over gRPC. */
  hello(): void {}

  sendBytes(): never {
    throw new Error('Only messages are sent over gRPC');
  }

  send(message: ClientMessage): void {
    void this.#client.then((client) => {
      if (message.type === 'operation/request')
        this.#start(client, Number(message.id), message.request);
      if (message.type === 'operation/cancel') this.#cancel(client, Number(message.id));
      if (message.type === 'operation/yield') this.#yield(client, Number(message.id));
    });
  }

  respond(id: number, result: DelegateResult): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (call === undefined) return;
    const { sessionId, invocationId } = call;
    const succeeded = (json: unknown) => ({
      $case: 'succeeded' as const,
      value: { outputJson: Buffer.from(JSON.stringify(json)) },
    });
    const outcome =
      result.status === 'error'
        ? { $case: 'failed' as const, value: { message: String(result.message) } }
        : succeeded('result' in result.value ? result.value.result : null);
    void this.#client.then((client) =>
      client.end('completeToolCall', { sessionId, invocationId, outcome }),
    );
  }

  /** Leaves, then stops the host. */
  async end(): Promise<number | null> {
    const [client, host] = await Promise.all([this.#client, this.#host]);
    await client[Symbol.asyncDispose]();
    const { code } = await host.end();
    this.#over.resolve(code);
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const host = await this.#host;
    await host[Symbol.asyncDispose]();
    this.#over.resolve(null);
  }

  #start(client: GrpcJsClient, id: number, operation: Operation): void {
    const fail = (error: unknown) => this.#fail(id, error);
    switch (operation.method) {
      case 'session/open':
        return void this.#open(client, id, operation).catch(fail);
      case 'session/execute':
        return void this.#execute(client, id, operation).catch(fail);
      case 'session/wait':
        return void this.#wait(client, id, operation).catch(fail);
      case 'session/terminate': {
        const { cellId } = operation;
        const sessionId = this.#session(operation.sessionId);
        return void client.unary('terminate', { sessionId, cellId }).then(({ message }) => {
          this.#answer(id, waited(message.outcome!.value));
        }, fail);
      }
      case 'session/shutdown': {
        const sessionId = this.#session(operation.sessionId);
        return void client.unary('closeSession', { sessionId }).then(() => {
          this.#answer(id, { type: 'session/closed', sessionId: operation.sessionId });
        }, fail);
      }
    }
    throw new Error(`${operation.method} is not asked over gRPC`);
  }

  async #open(
    client: GrpcJsClient,
    id: number,
    { sessionId: name, cellExecutionLimits }: OperationOf<'session/open'>,
  ): Promise<void> {
    const limit = cellExecutionLimits?.maxYieldTimeMs ?? null;
    const limits = limit === null ? undefined : { maxYieldTimeMs: BigInt(limit) };
    const lease = client.stream('openSession', { limits, callbackCapacity: 4_096n });
    const sessionId = await lease.until(({ event }) =>
      event?.$case === 'opened' ? event.value.sessionId : undefined,
    );
    this.#sessions.set(name, sessionId);
    const calls = client.stream('subscribeToToolCalls', { sessionId });
    await calls.headers;
    void this.#follow(name, lease);
    void this.#serve(name, calls);
    this.#answer(id, { type: 'session/ready', sessionId: name });
  }

  async #follow(sessionId: string, lease: MessageStream<SessionEvent>): Promise<void> {
    for (let message = await lease.next(); message !== undefined; message = await lease.next()) {
      const { event } = message;
      if (event?.$case === 'cellClosed') {
        this.#onMessage({ type: 'cell/closed', sessionId, cellId: event.value.cellId });
      } else if (event?.$case === 'toolCallCancelled') {
        this.#onMessage({ type: 'delegate/cancel', id: 0 });
      }
    }
  }

  async #serve(sessionId: string, calls: MessageStream<ToolCall>): Promise<void> {
    for (let call = await calls.next(); call !== undefined; call = await calls.next()) {
      this.#lastCall += 1;
      const id = this.#lastCall;
      this.#calls.set(id, call);
      const { cellId, runtimeToolCallId, toolName, inputJson } = call;
      const invocation = {
        cell_id: cellId,
        runtime_tool_call_id: runtimeToolCallId,
        tool_name: { name: toolName!.name, namespace: toolName!.namespace ?? null },
        tool_kind: 'function' as const,
        ...(inputJson && { input: JSON.parse(Buffer.from(inputJson).toString()) as unknown }),
      };
      const request = { type: 'tool/invoke' as const, invocation };
      this.#onMessage({ type: 'delegate/request', id, sessionId, request });
    }
  }

  async #execute(
    client: GrpcJsClient,
    id: number,
    operation: OperationOf<'session/execute'>,
  ): Promise<void> {
    const { request } = operation;
    const sessionId = this.#session(operation.sessionId);
    this.#waits.set(id, { sessionId, method: 'execute' });
    const stream = client.stream('execute', {
      sessionId,
      executionId: String(id),
      toolCallId: request.tool_call_id ?? 'call',
      source: request.source,
      enabledTools: request.enabled_tools.map(({ name, tool_name: toolName, description, kind }) =>
        toToolMessage({ name, toolName, description, kind }),
      ),
      yieldTimeMs: optional(request.yield_time_ms),
      maxOutputTokens: optional(request.max_output_tokens),
    });
    const cellId = await stream.until(({ event }) =>
      event?.$case === 'started' ? event.value.cellId : undefined,
    );
    this.#answer(id, { type: 'execution/started', cellId });
    const outcome = await stream.until(({ event }) =>
      event?.$case === 'outcome' ? event.value : undefined,
    );
    const value = toResponse(outcomeOf(outcome), false);
    this.#onMessage({ type: 'execute/initialResponse', id, result: { status: 'ok', value } });
  }

  async #wait(
    client: GrpcJsClient,
    id: number,
    operation: OperationOf<'session/wait'>,
  ): Promise<void> {
    const sessionId = this.#session(operation.sessionId);
    this.#waits.set(id, { sessionId, method: 'wait' });
    const { message } = await client.unary('wait', {
      sessionId,
      cellId: operation.request.cell_id,
      waitId: String(id),
      yieldTimeMs: BigInt(operation.request.yield_time_ms ?? 10_000),
    });
    this.#answer(id, waited(message.outcome!.value, message.outcome?.$case === 'missingCell'));
  }

  #cancel(client: GrpcJsClient, id: number): void {
    const sessionId = this.#waits.get(id)?.sessionId;
    if (sessionId !== undefined) void client.end('cancelWait', { sessionId, waitId: String(id) });
  }

  #yield(client: GrpcJsClient, id: number): void {
    const { sessionId, method } = this.#waits.get(id)!;
    const $case = method === 'execute' ? ('executionId' as const) : ('waitId' as const);
    void client.end('yieldObservation', { sessionId, observation: { $case, value: String(id) } });
  }

  #session(name: string): string {
    const sessionId = this.#sessions.get(name);
    if (sessionId === undefined) throw new Error(`The scenario has not opened ${name}`);
    return sessionId;
  }

  #answer(id: number, value: OperationValue): void {
    this.#onMessage({ type: 'operation/response', id, result: { status: 'ok', value } });
  }

  #fail(id: number, error: unknown): void {
    const { details } = error as { readonly details?: string };
    // The one error of these scenarios has another name there.
    const message = (details ?? String(error)).replace('wait was cancelled', 'request cancelled');
    this.#onMessage({ type: 'operation/response', id, result: { status: 'error', message } });
  }
}

function waited(message: CellOutcome, isMissing = false): OperationValue {
  const outcome = toOutcome(outcomeOf(message), false);
  if (!isMissing) return { type: 'wait/completed', outcome };
  const missing = 'LiveCell' in outcome ? outcome.LiveCell : outcome.MissingCell;
  return { type: 'wait/completed', outcome: { MissingCell: missing } };
}

function optional(value: number | null): bigint | undefined {
  return value === null ? undefined : BigInt(value);
}
