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
  if (!isRecord(message, 3) || message.type !== 'delegate/response') return false;
  const { id, result } = message;
  if (!Number.isSafeInteger(id) || !isRecord(result, 2) || result.status !== 'ok') return false;
  const { value } = result;
  return isRecord(value, 2) && value.type === 'tool/result' && 'result' in value;
}

function isRecord(value: unknown, fields: number): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  let count = 0;
  for (const _ in value) count += 1;
  return count === fields;
}
