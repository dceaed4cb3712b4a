import * as z from 'zod';
import { ErrorText } from '../../src/errors.ts';
import { MAX_ID_LENGTH } from '../../src/runtime/check-arguments.ts';
import { cellEvent, cellId, liveEvent, pendingCall, v1Items } from './cell-messages.ts';
import { isCellRequest } from './cell-request-message.ts';
import type { RequestId } from './exact-id.ts';
import { isExecute } from './execute-message.ts';
import { MAX_TOKENS } from './plain-fields.ts';
import { isToolResult } from './tool-result-message.ts';
import { amount, clientRequestId, count, requestId } from './wire-numbers.ts';

/**
 * The messages between a client and a host, protocol version 1, each written once.
 *
 * Every message is one JSON text in one frame. Unknown fields are refused at every level. Extensions
 * of this project are marked with the capability that both sides must have named.
 */

const sessionId = z.string().max(MAX_ID_LENGTH).regex(/\S/, 'must not be blank');

const toolName = z.strictObject({ name: z.string(), namespace: z.string().nullable() });
const toolKind = z.enum(['function', 'freeform']);

const wireTool = z.strictObject({
  name: z.string(),
  tool_name: toolName,
  description: z.string(),
  kind: toolKind,
  input_schema: z.unknown().optional(),
  output_schema: z.unknown().optional(),
});

/** `cellhost.cells`: how long to wait, if not just a number of milliseconds. */
const observeMode = z.union([
  z.strictObject({ yieldAfterMs: z.number().min(0) }),
  z.strictObject({ pending: z.literal(true) }),
]);

/** `cellhost.cells`: the wait was ended early before it began. */
const preempted = z.literal(true).optional();

const tokens = z.int().min(0).max(MAX_TOKENS);
/** `bounded-output-v1`. */
const maxOutputTokens = tokens.nullish();

const executeRequest = z.strictObject({
  tool_call_id: z.string().nullable(),
  enabled_tools: z.array(wireTool),
  source: z.string(),
  yield_time_ms: amount.nullable(),
  max_output_tokens: tokens.nullable(),
  observe: observeMode.optional(),
  preempted,
  /** `cellhost.cells`: keeps events for `session/events`, even after the end of the cell. */
  keepEvents: z.boolean().optional(),
});

const waitRequest = z.strictObject({
  cell_id: cellId,
  yield_time_ms: amount,
  observe: observeMode.optional(),
  preempted,
});

const cellExecutionLimits = z.strictObject({
  maxYieldTimeMs: amount.nullish(),
  maxHeapSizeBytes: amount.nullish(),
});

/** `cellhost.sessions`: how a session differs from a plain one of version 1. */
const sessionOptions = z.strictObject({
  toolErrors: z.enum(['error', 'string']).optional(),
  console: z.boolean().optional(),
  globals: z.enum(['standard', 'web']).optional(),
  limits: z.record(z.string(), z.number()).optional(),
});

const operation = z.discriminatedUnion('method', [
  z.strictObject({
    method: z.literal('session/open'),
    sessionId,
    cellExecutionLimits: cellExecutionLimits.nullish(),
    /** `bounded-output-v1`: which side truncates output for the model. */
    outputTruncation: z.enum(['client', 'server']).nullish(),
    options: sessionOptions.optional(),
  }),
  z.strictObject({ method: z.literal('session/execute'), sessionId, request: executeRequest }),
  z.strictObject({
    method: z.literal('session/wait'),
    sessionId,
    request: waitRequest,
    maxOutputTokens,
  }),
  z.strictObject({ method: z.literal('session/terminate'), sessionId, cellId, maxOutputTokens }),
  z.strictObject({ method: z.literal('session/shutdown'), sessionId }),
  z.strictObject({
    method: z.literal('session/create'),
    /** Returned with the first message of the new session, to identify it. */
    token: z.string().max(MAX_ID_LENGTH).optional(),
    options: sessionOptions.optional(),
  }),
  z.strictObject({ method: z.literal('session/resume'), sessionId, cellId, generation: count }),
  /** Sends events with a greater number than `after` as `cell/events` with the same id. Answered after the last one, or when cancelled. */
  z.strictObject({
    method: z.literal('session/events'),
    sessionId,
    cellId,
    after: count.optional(),
  }),
  z.strictObject({ method: z.literal('session/cells'), sessionId }),
  z.strictObject({ method: z.literal('session/values'), sessionId }),
]);

const delegateValue = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('tool/result'), result: z.unknown() }),
  z.strictObject({ type: z.literal('notification/delivered') }),
]);

const failed = z.strictObject({
  status: z.literal('error'),
  message: z.string(),
  /** `cellhost.cells`: the code of the error. */
  code: z.string().optional(),
});

const delegateResult = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('ok'), value: delegateValue }),
  failed.extend({ message: z.union([z.string(), z.instanceof(ErrorText)]) }),
]);

/** The messages of a client after the handshake. */
const clientMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('operation/request'), id: clientRequestId, request: operation }),
  z.strictObject({ type: z.literal('operation/cancel'), id: clientRequestId }),
  z.strictObject({ type: z.literal('operation/yield'), id: clientRequestId }),
  z.strictObject({
    type: z.literal('delegate/response'),
    id: clientRequestId,
    result: delegateResult,
  }),
]);

const duration = { code_mode_host_duration_ns: z.number().optional() };
const body = { cell_id: cellId, content_items: v1Items };

const runtimeResponse = z.union([
  z.strictObject({ Yielded: z.strictObject({ ...body, ...duration }) }),
  z.strictObject({ Terminated: z.strictObject({ ...body, ...duration }) }),
  z.strictObject({
    Result: z.strictObject({
      ...body,
      error_text: z.string().nullable(),
      result_buffered_for_ns: z.number().optional(),
      ...duration,
    }),
  }),
  /** `cellhost.cells`. */
  z.strictObject({ Event: cellEvent }),
]);

const waitOutcome = z.union([
  z.strictObject({ LiveCell: runtimeResponse }),
  z.strictObject({ MissingCell: runtimeResponse }),
]);

const cellSummary = z.strictObject({
  cellId,
  phase: z.enum(['running', 'waiting', 'held', 'draining', 'terminating', 'completed']),
  ageMs: z.number(),
  observed: z.boolean(),
  pendingOutput: count,
  pendingCalls: z.array(pendingCall),
  pendingNotifications: count,
});

const operationValue = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('session/ready'), sessionId }),
  z.strictObject({ type: z.literal('execution/started'), cellId }),
  z.strictObject({ type: z.literal('wait/completed'), outcome: waitOutcome }),
  z.strictObject({ type: z.literal('session/closed'), sessionId }),
  z.strictObject({
    type: z.literal('session/created'),
    sessionId,
    remoteUrl: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('cell/resumed'),
    outcome: z.enum(['resumed', 'already-running', 'missing']),
  }),
  z.strictObject({ type: z.literal('events/ended'), cellId }),
  z.strictObject({ type: z.literal('session/cells'), cells: z.array(cellSummary) }),
  z.strictObject({
    type: z.literal('session/values'),
    values: z.array(z.tuple([z.string(), z.unknown()])),
  }),
]);

const operationDone = z.strictObject({ status: z.literal('ok'), value: operationValue });

const invocation = z.strictObject({
  cell_id: cellId,
  runtime_tool_call_id: z.string(),
  tool_name: toolName,
  tool_kind: toolKind,
  input: z.unknown().optional(),
});

const delegateRequest = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('tool/invoke'), invocation }),
  z.strictObject({
    type: z.literal('notification/send'),
    callId: z.string().nullable(),
    cellId,
    text: z.string(),
  }),
]);

/** The messages of a host after the handshake. */
const hostMessage = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('operation/response'),
    id: requestId,
    result: z.discriminatedUnion('status', [operationDone, failed]),
  }),
  z.strictObject({
    type: z.literal('execute/initialResponse'),
    id: requestId,
    result: z.discriminatedUnion('status', [
      z.strictObject({ status: z.literal('ok'), value: runtimeResponse }),
      failed,
    ]),
  }),
  z.strictObject({
    type: z.literal('delegate/request'),
    id: requestId,
    sessionId,
    token: z.string().optional(),
    request: delegateRequest,
  }),
  z.strictObject({
    type: z.literal('delegate/cancel'),
    id: requestId,
    /** `cellhost.cells`: why. The client answers when the call has ended; the host waits 100 ms at most. */
    reason: z
      .enum(['terminate', 'shutdown', 'completion', 'drain-timeout', 'disconnect'])
      .optional(),
  }),
  z.strictObject({ type: z.literal('cell/closed'), sessionId, cellId }),
  /** `cellhost.cells`: events for the `session/events` request with that id. */
  z.strictObject({ type: z.literal('cell/events'), id: requestId, events: z.array(liveEvent) }),
  /** `cellhost.cells`: why the host ends the connection. The last message. */
  z.strictObject({ type: z.literal('connection/failed'), message: z.string() }),
]);

/** @throws Error with the reason if the value is not a valid message of a client. */
export function readClientMessage(value: unknown): ClientMessage {
  if (isToolResult(value) || isExecute(value) || isCellRequest(value)) return value;
  // Compiling the schema would delay the first message of each kind.
  return read(clientMessage, value, { jitless: true });
}

/** The id of a request, even of a malformed one; undefined if there is no id to answer. */
export function requestIdIn(message: unknown): RequestId | undefined {
  const { type, id } = (message ?? {}) as Readonly<Record<string, unknown>>;
  return type === 'operation/request' ? clientRequestId.safeParse(id).data : undefined;
}

/** @throws Error with the reason if the value is not a valid message of a host. */
export function readHostMessage(value: unknown): HostMessage {
  return read(hostMessage, value);
}

/** @throws Error with the reason if it is not the result of a successful request. */
export function readOperationResult(result: unknown): OperationValue {
  return read(operationDone, result).value;
}

function read<T>(schema: z.ZodType<T>, value: unknown, options?: { readonly jitless: boolean }): T {
  const result = schema.safeParse(value, options);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new Error(`Cannot read a message: ${where}${issue?.message ?? 'it is none'}`);
}

export type ClientMessage = z.infer<typeof clientMessage>;
export type HostMessage = z.infer<typeof hostMessage>;
export type Operation = z.infer<typeof operation>;
export type OperationValue = z.infer<typeof operationValue>;
export type DelegateResult = z.infer<typeof delegateResult>;
export type DelegateRequest = z.infer<typeof delegateRequest>;
export type RuntimeResponse = z.infer<typeof runtimeResponse>;
export type WaitOutcome = z.infer<typeof waitOutcome>;
export type WireTool = z.infer<typeof wireTool>;
export type SessionOptions = z.infer<typeof sessionOptions>;

/** How a request ended. */
export type Outcome<T> =
  | { readonly status: 'ok'; readonly value: T }
  | { readonly status: 'error'; readonly message: string; readonly code?: string | undefined };
