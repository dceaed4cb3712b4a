import { processSandbox } from '../../sandbox/process/process-sandbox.ts';
import {
  type CellEvent,
  type Delegate,
  type ObserveMode,
  SessionRuntime,
  type ToolDefinition,
} from '../../src/index.ts';

/**
 * A minimal version 1 host on standard input and output, to drive the process sandbox directly. It has
 * no checks and no limits.
 */

type Json = { readonly [name: string]: never } & Record<string, unknown>;

const sandbox = processSandbox();
const sessions = new Map<string, SessionRuntime>();
const asked = new Map<number, (message: Json) => void>();
let lastAsked = 0;

function send(message: unknown): void {
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  process.stdout.write(Buffer.concat([head, body]));
}

function ask(sessionId: string, request: unknown, signal: AbortSignal): Promise<unknown> {
  lastAsked += 1;
  const id = lastAsked;
  send({ type: 'delegate/request', id, sessionId, request });
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => {
      if (asked.delete(id)) send({ type: 'delegate/cancel', id });
      reject(signal.reason);
    });
    asked.set(id, ({ result }) => {
      const { status, value, message } = result as unknown as Record<string, unknown>;
      if (status === 'ok') resolve((value as { result?: unknown }).result);
      else reject(new Error(String(message)));
    });
  });
}

const delegateOf = (sessionId: string): Delegate => ({
  invokeTool: ({ cellId, callId, toolName, kind, input }, signal) =>
    ask(
      sessionId,
      {
        type: 'tool/invoke',
        invocation: {
          cell_id: cellId,
          runtime_tool_call_id: callId,
          tool_name: toolName,
          tool_kind: kind,
          input,
        },
      },
      signal,
    ),
  notify: async ({ cellId, callId, text }, signal) => {
    const request = { type: 'notification/send', callId, cellId, text };
    await ask(sessionId, request, signal);
  },
});

function toResponse(event: CellEvent) {
  const base = { cell_id: event.cellId, content_items: event.items };
  switch (event.type) {
    case 'yielded':
    case 'pending':
      return { Yielded: base };
    case 'terminated':
      return { Terminated: base };
    case 'completed':
      return { Result: { ...base, error_text: event.failure?.text ?? null } };
    case 'missing':
      return { Result: { ...base, error_text: event.message } };
  }
}

const modeOf = (ms: unknown): ObserveMode => ({ yieldAfterMs: Number(ms ?? 10_000) });
const outcome = (event: CellEvent) => ({
  type: 'wait/completed',
  outcome: { [event.type === 'missing' ? 'MissingCell' : 'LiveCell']: toResponse(event) },
});

async function execute(id: number, session: SessionRuntime, request: Json): Promise<unknown> {
  const tools = (request.enabled_tools as unknown as Record<string, unknown>[]).map(
    ({ name, tool_name, description, kind }) =>
      ({ name, toolName: tool_name, description, kind }) as unknown as ToolDefinition,
  );
  const source = String(request.source);
  const observe = modeOf(request.yield_time_ms);
  const { cellId, first } = await session.execute({ source, tools, observe });
  void first.then((event) => {
    send({
      type: 'execute/initialResponse',
      id,
      result: { status: 'ok', value: toResponse(event) },
    });
  });
  return { type: 'execution/started', cellId };
}

async function perform(id: number, request: Json): Promise<unknown> {
  const sessionId = String(request.sessionId);
  if (request.method === 'session/open') {
    const delegate = delegateOf(sessionId);
    sessions.set(sessionId, new SessionRuntime({ delegate, sandbox, toolErrors: 'string' }));
    return { type: 'session/ready', sessionId };
  }
  const session = sessions.get(sessionId)!;
  const inner = request.request as unknown as Json;
  switch (request.method as unknown as string) {
    case 'session/execute':
      return execute(id, session, inner);
    case 'session/wait':
      return outcome(await session.observe(String(inner.cell_id), modeOf(inner.yield_time_ms)));
    case 'session/terminate':
      return outcome(await session.terminate(String(request.cellId)));
    default:
      await session.close();
      return { type: 'session/closed', sessionId };
  }
}

function receive(message: Json): void {
  const { type, id } = message as unknown as { type: string; id: number };
  if (type === 'connection/hello') {
    return send({ type: 'connection/ready', selectedVersion: 1, capabilities: [] });
  }
  if (type === 'delegate/response') {
    asked.get(id)?.(message);
    asked.delete(id);
    return;
  }
  if (type !== 'operation/request') return;
  perform(id, message.request as unknown as Json).then(
    (value) => send({ type: 'operation/response', id, result: { status: 'ok', value } }),
    (error: Error) =>
      send({ type: 'operation/response', id, result: { status: 'error', message: error.message } }),
  );
}

let rest = Buffer.alloc(0);
process.stdin.on('data', (chunk: Buffer) => {
  rest = Buffer.concat([rest, chunk]);
  while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE(0)) {
    const end = 4 + rest.readUInt32LE(0);
    receive(JSON.parse(rest.subarray(4, end).toString()) as Json);
    rest = rest.subarray(end);
  }
});
process.stdin.on('end', () => void sandbox.close().then(() => process.exit(0)));
