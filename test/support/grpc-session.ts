import { status } from '@grpc/grpc-js';
import {
  type CellClosed,
  type CellOutcome,
  type ExecuteEvent,
  ExecuteRequest,
  type Notification,
  type OpenSessionRequest,
  type SessionEvent,
  type ToolCall,
  type ToolDefinition,
  ToolKind,
  type ToolName,
} from '../../host/grpc/generated/code-mode.ts';
import type { CallEnd, GrpcJsClient, MessageStream } from './grpc-js-client.ts';
import { framed } from './raw-grpc.ts';

/** A tool as a client offers it. */
export function grpcTool(name: string, namespace?: string): ToolDefinition {
  return { name, toolName: { name, namespace }, description: name, kind: ToolKind.FUNCTION };
}

/** A request, with its prefix, to run a program that may call `echo`. */
export function executing(sessionId: string, executionId: string, source: string): Buffer {
  const request = { sessionId, executionId, toolCallId: 'call', source };
  const body = ExecuteRequest.encode({ ...request, enabledTools: [grpcTool('echo')] }).finish();
  return framed(Buffer.from(body));
}

/** An execution, from its request on. */
export class GrpcExecution {
  readonly stream: MessageStream<ExecuteEvent>;

  constructor(stream: MessageStream<ExecuteEvent>) {
    this.stream = stream;
  }

  /** The id of its cell. */
  started(): Promise<string> {
    return this.stream.until(({ event }) =>
      event?.$case === 'started' ? event.value.cellId : undefined,
    );
  }

  outcome(): Promise<CellOutcome> {
    return this.stream.until(({ event }) => (event?.$case === 'outcome' ? event.value : undefined));
  }
}

/** One session of a client, with its lease. */
export class GrpcSession {
  readonly client: GrpcJsClient;
  readonly lease: MessageStream<SessionEvent>;
  readonly sessionId: string;
  #executions = 0;
  #probes = 0;

  private constructor(client: GrpcJsClient, lease: MessageStream<SessionEvent>, sessionId: string) {
    this.client = client;
    this.lease = lease;
    this.sessionId = sessionId;
  }

  static async open(
    client: GrpcJsClient,
    request: Partial<OpenSessionRequest> = {},
  ): Promise<GrpcSession> {
    const lease = client.stream('openSession', request);
    const sessionId = await lease.until(({ event }) =>
      event?.$case === 'opened' ? event.value.sessionId : undefined,
    );
    return new GrpcSession(client, lease, sessionId);
  }

  /** Resolves when the subscription holds. */
  async subscribe(...toolNames: ToolName[]): Promise<MessageStream<ToolCall>> {
    const { sessionId } = this;
    const calls = this.client.stream('subscribeToToolCalls', { sessionId, toolNames });
    await Promise.race([calls.headers, calls.ended]);
    return calls;
  }

  execute(source: string, fields: Partial<ExecuteRequest> = {}): GrpcExecution {
    this.#executions += 1;
    const executionId = `execution-${this.#executions}`;
    const { sessionId } = this;
    const enabledTools = [grpcTool('echo'), grpcTool('hold')];
    const request = { sessionId, executionId, toolCallId: 'call', source, enabledTools };
    return new GrpcExecution(this.client.stream('execute', { ...request, ...fields }));
  }

  /** Answers a tool call with a JSON value. */
  async complete({ invocationId }: ToolCall, value: unknown): Promise<void> {
    const outputJson = Buffer.from(JSON.stringify(value));
    const outcome = { $case: 'succeeded' as const, value: { outputJson } };
    await this.client.unary('completeToolCall', {
      sessionId: this.sessionId,
      invocationId,
      outcome,
    });
  }

  wait(cellId: string, waitId: string, yieldTimeMs = 5_000n) {
    return this.client.unary('wait', { sessionId: this.sessionId, cellId, waitId, yieldTimeMs });
  }

  terminate(cellId: string) {
    return this.client.unary('terminate', { sessionId: this.sessionId, cellId });
  }

  /** Resolves when somebody waits for the cell: others are refused then. */
  async busy(cellId: string): Promise<void> {
    const { sessionId } = this;
    for (;;) {
      this.#probes += 1;
      const request = { sessionId, cellId, waitId: `probe-${this.#probes}`, yieldTimeMs: 0n };
      const { code } = await this.client.end('wait', request);
      if (code === status.FAILED_PRECONDITION) return;
    }
  }

  /** Closes the session. */
  close(): Promise<CallEnd> {
    return this.client.end('closeSession', { sessionId: this.sessionId });
  }

  /** The id of the next call that was cancelled. */
  cancelledCall(): Promise<string> {
    return this.lease.until(({ event }) =>
      event?.$case === 'toolCallCancelled' ? event.value.invocationId : undefined,
    );
  }

  closed(): Promise<CellClosed> {
    return this.lease.until(({ event }) =>
      event?.$case === 'cellClosed' ? event.value : undefined,
    );
  }

  notified(): Promise<Notification> {
    return this.lease.until(({ event }) =>
      event?.$case === 'notification' ? event.value : undefined,
    );
  }
}

/** The texts of an outcome, and how its cell is. */
export function shown({ contentItems, state }: CellOutcome): readonly unknown[] {
  const texts = contentItems.map(({ item }) =>
    item?.$case === 'text' ? item.value.text : item?.value,
  );
  return [state?.$case, ...texts];
}
