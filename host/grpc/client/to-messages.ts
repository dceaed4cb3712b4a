import type { ToolDefinition } from '../../../src/tools.ts';
import { ToolKind, type ToolDefinition as ToolMessage } from '../generated/code-mode.ts';

/** A tool as the host is told of it. */
export function toToolMessage(tool: ToolDefinition): ToolMessage {
  const { name, namespace } = tool.toolName ?? { name: tool.name, namespace: null };
  return {
    name: tool.name,
    toolName: { name, namespace: namespace ?? undefined },
    description: tool.description,
    kind: tool.kind === 'freeform' ? ToolKind.FREEFORM : ToolKind.FUNCTION,
    inputSchemaJson: schemaBytes(tool.inputSchema),
    outputSchemaJson: schemaBytes(tool.outputSchema),
  };
}

/** A duration of at least 0 as the host is told of it; infinity is the longest that is exact. */
export function toMilliseconds(ms: number): bigint {
  return BigInt(Math.min(Math.ceil(ms), Number.MAX_SAFE_INTEGER));
}

function schemaBytes(schema: unknown): Uint8Array | undefined {
  const text = schema === undefined || schema === null ? undefined : JSON.stringify(schema);
  return text === undefined ? undefined : Buffer.from(text);
}
