import { MAX_ID_LENGTH } from '../../src/runtime/check-arguments.ts';
import { hasFields } from './has-fields.ts';
import type { ClientMessage, Operation } from './protocol.ts';

/** A client's request to start a cell. */
export type ExecuteMessage = Extract<ClientMessage, { type: 'operation/request' }> & {
  readonly request: Extract<Operation, { method: 'session/execute' }>;
};

const MAX_AMOUNT = 2 ** 64;
const MAX_TOKENS = 0x7fffffff;

/**
 * Whether a message is exactly a request to start a cell, field by field, without the extensions of
 * this project.
 *
 * Checked by hand, because the schema would take a twelfth of what a small cell costs the host.
 * Messages that fail this check go to the schema.
 */
export function isExecute(message: unknown): message is ExecuteMessage {
  if (!hasFields(message, 3) || message.type !== 'operation/request') return false;
  const { id, request: operation } = message;
  if (!Number.isSafeInteger(id) || !hasFields(operation, 3)) return false;
  const { method, sessionId, request } = operation;
  if (method !== 'session/execute' || !isSessionId(sessionId) || !hasFields(request, 5))
    return false;
  const { tool_call_id: callId, enabled_tools: tools } = request;
  if (typeof callId !== 'string' && callId !== null) return false;
  if (typeof request.source !== 'string') return false;
  if (!isAmount(request.yield_time_ms, MAX_AMOUNT)) return false;
  if (!isAmount(request.max_output_tokens, MAX_TOKENS)) return false;
  return Array.isArray(tools) && tools.every(isTool);
}

function isSessionId(id: unknown): boolean {
  return typeof id === 'string' && id.length <= MAX_ID_LENGTH && /\S/.test(id);
}

/** A whole number, or null. */
function isAmount(value: unknown, most: number): boolean {
  if (value === null) return true;
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

function isTool(tool: unknown): boolean {
  if (typeof tool !== 'object' || tool === null) return false;
  const fields = 4 + Number('input_schema' in tool) + Number('output_schema' in tool);
  if (!hasFields(tool, fields)) return false;
  const { name, tool_name: toolName, description, kind } = tool;
  if (typeof name !== 'string' || typeof description !== 'string') return false;
  if (kind !== 'function' && kind !== 'freeform') return false;
  if (!hasFields(toolName, 2) || typeof toolName.name !== 'string') return false;
  return typeof toolName.namespace === 'string' || toolName.namespace === null;
}
