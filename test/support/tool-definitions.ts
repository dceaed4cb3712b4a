import type { ToolDefinition } from '../../src/tools.ts';

/** A tool with this flat name, described by it. */
export function tool(name: string, more: Partial<ToolDefinition> = {}): ToolDefinition {
  return { name, description: `Runs ${name}.`, ...more };
}

/** The output schema of an MCP tool; `structuredContent` has the given schema. */
export function mcpSchema(structuredContent?: unknown, more: object = {}) {
  return {
    type: 'object',
    properties: {
      content: { type: 'array', items: { type: 'object' } },
      isError: { type: 'boolean' },
      _meta: { type: 'object' },
      ...(structuredContent === undefined ? {} : { structuredContent }),
    },
    required: ['content'],
    ...more,
  };
}
