import { isSessionId } from '../../src/runtime/check-arguments.ts';
import { hasFields, isAmount, isTokens, operationIn } from './plain-fields.ts';
import type { ClientMessage, Operation } from './protocol.ts';

/** A client's request to start a cell. */
export type ExecuteMessage = Extract<ClientMessage, { type: 'operation/request' }> & {
  readonly request: Extract<Operation, { method: 'session/execute' }>;
};

/**
 * Whether a message is exactly a request to start a cell, field by field, without the extensions of
 * this project.
 *
 * Checked by hand, because the schema would take a twelfth of what a small cell costs the host.
 * Messages that fail this check go to the schema.
 */
export function isExecute(message: unknown): message is ExecuteMessage {
  const operation = operationIn(message);
  if (!hasFields(operation, 3)) return false;
  const { method, sessionId, request } = operation;
  if (method !== 'session/execute' || !isSessionId(sessionId) || !hasFields(request, 5))
    return false;
  const { tool_call_id: callId, enabled_tools: tools } = request;
  if (typeof callId !== 'string' && callId !== null) return false;
  if (typeof request.source !== 'string') return false;
  const { yield_time_ms: yieldMs, max_output_tokens: tokens } = request;
  if (yieldMs !== null && !isAmount(yieldMs)) return false;
  if (!isTokens(tokens)) return false;
  return Array.isArray(tools) && tools.every(isTool);
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
