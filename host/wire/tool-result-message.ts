import { hasFields } from './plain-fields.ts';

/** A client's answer to a successful tool call. */
export interface ToolResultMessage {
  readonly type: 'delegate/response';
  readonly id: number;
  readonly result: {
    readonly status: 'ok';
    readonly value: { readonly type: 'tool/result'; readonly result: unknown };
  };
}

/**
 * Whether a message is exactly the answer to a successful tool call, field by field.
 *
 * Checked by hand, because a host reads little else: the schema would take a sixth of the cost of a
 * call. Messages that fail this check go to the schema.
 */
export function isToolResult(message: unknown): message is ToolResultMessage {
  if (!hasFields(message, 3) || message.type !== 'delegate/response') return false;
  const { id, result } = message;
  if (!Number.isSafeInteger(id) || !hasFields(result, 2) || result.status !== 'ok') return false;
  const { value } = result;
  return hasFields(value, 2) && value.type === 'tool/result' && 'result' in value;
}
