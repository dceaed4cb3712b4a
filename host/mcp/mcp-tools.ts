import '../../src/embed/supported-node.ts';

import type { ToolCall } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import type { McpConfig } from './mcp-config.ts';
import { distinctServers, routeTools } from './mcp-tool-definitions.ts';
import { ToolServer } from './tool-server.ts';

export type { Variables } from './config-variables.ts';
export {
  type McpConfig,
  type McpHttpServer,
  type McpProcessServer,
  type McpServerConfig,
  parseMcpConfig,
  readMcpConfig,
} from './mcp-config.ts';

/** How tool servers are started. */
export interface McpToolsOptions {
  /** Gives up the start: the promise rejects with the signal's reason, no process is left. */
  readonly signal?: AbortSignal;
  /** How long a server may take until its tools are listed, unless its configuration says it. Default 30,000. */
  readonly startTimeoutMs?: number;
  /** Hears what servers write to standard error, in pieces as they come. Default: nobody. */
  readonly onStderr?: (server: string, text: string) => void;
}

/** The tools of MCP servers, and the connections behind them. */
export interface McpTools extends AsyncDisposable {
  readonly tools: readonly ToolDefinition[];
  /** What was left out, and why: sentences for people. */
  readonly warnings: readonly string[];

  /**
   * Calls a tool: the method of a `Delegate`. A tool that reports a failure is a result, with `isError`.
   *
   * @returns The MCP result as the server gave it.
   * @throws `invalid_argument` for an argument that is no object, `tool_server_failed` where the
   * server is gone, the signal's reason when it aborts, and what the server refuses the call with.
   */
  invokeTool(call: ToolCall, signal: AbortSignal): Promise<unknown>;

  /** Ends all servers at once; those that are still there after a second are killed. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Starts all configured servers at the same time and lists their tools.
 *
 * @throws `tool_server_failed` with the server, the cause and the end of its standard error. Then
 * all others are closed too.
 */
export async function connectMcpTools(
  config: McpConfig,
  options: McpToolsOptions = {},
): Promise<McpTools> {
  const warnings: string[] = [];
  const warn = (warning: string) => void warnings.push(warning);
  const entries = distinctServers(Object.entries(config.mcpServers), warn);
  const servers = entries.map(
    ([name, server]) => new ToolServer(name, server, serverOptions(name, options)),
  );
  const close = async () => void (await Promise.all(servers.map((server) => server.close())));
  try {
    await Promise.all(servers.map((server) => server.start(options)));
  } catch (error) {
    await close();
    throw error;
  }
  const routed = routeTools(servers, warn);
  const byName = new Map(routed.map((route) => [route.definition.name, route]));
  return {
    tools: routed.map(({ definition }) => definition),
    warnings,
    invokeTool: async (call, signal) => {
      const route = byName.get(call.tool);
      if (route === undefined) {
        throw new CodeModeError('invalid_argument', `Cannot call ${call.tool}: no server has it`);
      }
      if (route.rule.mustAsk) throw new CodeModeError('invalid_config', nobodyToAsk(call.tool));
      return route.server.call(route.tool, call, signal);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function serverOptions(name: string, { onStderr }: McpToolsOptions) {
  return onStderr === undefined ? {} : { onStderr: (text: string) => onStderr(name, text) };
}

function nobodyToAsk(tool: string): string {
  return `Cannot call ${tool}: the configuration has it in \`ask\`, and there is nobody to ask here`;
}
