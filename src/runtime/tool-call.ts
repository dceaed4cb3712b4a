import { type JsonText, ToolCall } from '../delegate.ts';
import type { OfferedTool } from '../tools.ts';

/**
 * A program's call, as the delegate gets it.
 *
 * @param id The number of the call in its cell; it is part of `callId`.
 */
export function toToolCall(
  cellId: string,
  id: number,
  { definition }: OfferedTool,
  inputJson: string | JsonText | undefined,
): ToolCall {
  const { name, toolName = { name, namespace: null }, kind = 'function' } = definition;
  return new ToolCall({ cellId, callId: `tool-${id}`, tool: name, toolName, kind, inputJson });
}
