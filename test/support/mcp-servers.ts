import { fileURLToPath } from 'node:url';
import type { McpServerConfig } from '../../host/mcp/mcp-config.ts';
import { connectMcpTools, type McpTools, type McpToolsOptions } from '../../host/mcp/mcp-tools.ts';
import { ToolCall } from '../../src/delegate.ts';

const UGLY = fileURLToPath(new URL('./ugly-mcp-server.js', import.meta.url));

/** The command of the reference server. */
export const EVERYTHING = 'node_modules/.bin/mcp-server-everything';

/** A server that misbehaves in the way that `ugly-mcp-server.js` names. */
export function ugly(behaviour: string): McpServerConfig {
  return { command: process.execPath, args: [UGLY, behaviour] };
}

/** Starts servers by name. */
export function connect(
  mcpServers: Readonly<Record<string, McpServerConfig>>,
  options?: McpToolsOptions,
): Promise<McpTools> {
  return connectMcpTools({ mcpServers }, options);
}

/** The answer of a tool, as far as tests check it. */
export interface CallResult {
  readonly content: readonly { readonly [field: string]: unknown }[];
  readonly structuredContent?: { readonly [field: string]: unknown };
}

/** Calls a tool as a program would. */
export async function invoke(
  mcp: McpTools,
  tool: string,
  input?: unknown,
  signal: AbortSignal = new AbortController().signal,
): Promise<CallResult> {
  return (await mcp.invokeTool(toolCall(tool, input), signal)) as CallResult;
}

/** A call of a tool; `input` undefined for none. */
export function toolCall(tool: string, input?: unknown, callId = 'tool-1'): ToolCall {
  const inputJson = input === undefined ? undefined : JSON.stringify(input);
  const toolName = { name: tool, namespace: null };
  return new ToolCall({ cellId: '1', callId, tool, toolName, kind: 'function', inputJson });
}
