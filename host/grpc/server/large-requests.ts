import { isUtf8 } from 'node:buffer';
import { CodeModeError, ErrorText } from '../../../src/errors.ts';
import { REQUEST_LIMITS } from '../../core/request-limits.ts';
import {
  CompleteToolCallRequest,
  ExecuteRequest,
  type MessageFns,
} from '../generated/code-mode.ts';
import { decodeMessage } from '../message-framing.ts';
import { type FieldBudget, fieldsOf } from '../request-fields.ts';
import { Status, StatusError } from '../status.ts';
import { invalid } from './requests.ts';

/** Requests of at least this size are looked at before they are decoded, in bytes. */
const LARGE_BYTES = 64 << 10;
/** The largest request that has neither a program nor a result, in bytes. */
const MAX_SMALL_BYTES = 1 << 20;
const MAX_FIELDS = 100_000;
const MAX_ID_BYTES = 256;

/** The answer to a tool call; a large message of an error as it came. */
export interface Completion {
  readonly sessionId: string;
  readonly invocationId: string;
  readonly outcome?:
    | Extract<CompleteToolCallRequest['outcome'], { $case: 'succeeded' }>
    | { readonly $case: 'failed'; readonly value: { readonly message: string | ErrorText } }
    | undefined;
}

/** The numbers of fields. */
const COMPLETION = { sessionId: 1, invocationId: 2, succeeded: 3, failed: 4 };
const OUTPUT_JSON = 1;
const ENABLED_TOOLS = 5;
const TOOL = { toolName: 2, inputSchema: 5, outputSchema: 6 };

/** Decodes a request that is never large. @throws StatusError. */
export function decodeSmall<T>(type: MessageFns<T>, body: Buffer): T {
  if (body.length <= MAX_SMALL_BYTES) return decodeMessage(type, body);
  throw tooLarge(`${MAX_SMALL_BYTES} bytes`);
}

/** @throws StatusError, also for a request of which too much would have to be decoded. */
export function decodeExecute(body: Buffer): ExecuteRequest {
  if (body.length >= LARGE_BYTES) attempt(() => checkExecute(body));
  return decodeMessage(ExecuteRequest, body);
}

/** Decodes the answer to a tool call without looking into what is large. @throws StatusError. */
export function decodeCompletion(body: Buffer): Completion {
  if (body.length < LARGE_BYTES) return decodeMessage(CompleteToolCallRequest, body);
  return attempt(() => readCompletion(body));
}

function checkExecute(body: Buffer): void {
  const { maxTools, maxParsedBytes } = REQUEST_LIMITS;
  const budget: FieldBudget = { left: MAX_FIELDS };
  let tools = 0;
  let parsedBytes = body.length;
  for (const { number, value } of fieldsOf(body, budget)) {
    if (number !== ENABLED_TOOLS) continue;
    tools += 1;
    if (tools > maxTools) throw tooLarge(`${maxTools} tools`);
    for (const field of fieldsOf(value, budget)) {
      const isSchema = field.number === TOOL.inputSchema || field.number === TOOL.outputSchema;
      if (isSchema) parsedBytes -= field.value.length;
      if (field.number === TOOL.toolName) for (const _ of fieldsOf(field.value, budget));
    }
  }
  if (parsedBytes > maxParsedBytes) throw tooLarge(`${maxParsedBytes} bytes besides schemas`);
}

function readCompletion(body: Buffer): Completion {
  const budget: FieldBudget = { left: MAX_FIELDS };
  const ids = { sessionId: '', invocationId: '' };
  let outcome: Completion['outcome'];
  for (const { number, value } of fieldsOf(body, budget)) {
    if (number === COMPLETION.sessionId) ids.sessionId = textOf(value);
    if (number === COMPLETION.invocationId) ids.invocationId = textOf(value);
    if (number === COMPLETION.succeeded) {
      outcome = { $case: 'succeeded', value: { outputJson: lastOf(value, budget) } };
    }
    if (number === COMPLETION.failed) {
      const message = lastOf(value, budget);
      if (!isUtf8(message)) throw new Error('a text is not UTF-8');
      outcome = { $case: 'failed', value: { message: new ErrorText(message, false) } };
    }
  }
  return { ...ids, outcome };
}

/** The only field of these messages, which is empty if it is missing. */
function lastOf(message: Buffer, budget: FieldBudget): Buffer {
  let last: Buffer = Buffer.alloc(0);
  for (const { number, value } of fieldsOf(message, budget))
    if (number === OUTPUT_JSON) last = value;
  return last;
}

function textOf(id: Buffer): string {
  if (id.length > MAX_ID_BYTES) throw invalid(`an ID exceeds ${MAX_ID_BYTES} bytes`);
  return id.toString('utf8');
}

function attempt<R>(read: () => R): R {
  try {
    return read();
  } catch (error) {
    if (error instanceof StatusError || error instanceof CodeModeError) throw error;
    const text = `failed to decode Protobuf message: ${(error as Error).message}`;
    throw new StatusError(Status.internal, text, { cause: error });
  }
}

function tooLarge(limit: string): CodeModeError {
  return new CodeModeError('limit_exceeded', `Cannot read a request: it has more than ${limit}`);
}
