import type { Tool } from '@modelcontextprotocol/client';
import type { ToolCall } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { McpConfig } from './mcp-config.ts';
import { distinctServers, type RoutedTool, routeTools } from './mcp-tool-definitions.ts';
import { SupervisedServer } from './supervised-server.ts';
import type { CallListeners } from './tool-server.ts';

/** A tool of a nested server as programs are offered it. */
export type NestedTool = RoutedTool<SupervisedServer> & { readonly tool: Tool };

/** How nested servers are run, and who hears of them. */
export interface NestedServersOptions {
  /** How long a start may take, in milliseconds, unless the server's configuration says it. Default 30,000. */
  readonly startTimeoutMs?: number;
  /** Called when the tools or the state of a server changed. Default: nobody. */
  readonly onChanged?: () => void;
  /** Hears what was left out, and what servers write to standard error. Default: nobody. */
  readonly onMessage?: (text: string) => void;
}

/** The tool servers of a configuration, each on its own: one that fails leaves the others alone. */
export class NestedServers implements AsyncDisposable {
  readonly servers: readonly SupervisedServer[];
  readonly #options: NestedServersOptions;
  readonly #warned = new Set<string>();
  #tools: ReadonlyMap<string, NestedTool> | undefined;

  /** Starts nothing yet. */
  constructor(config: McpConfig, options: NestedServersOptions = {}) {
    this.#options = options;
    const entries = distinctServers(Object.entries(config.mcpServers), (text) => this.#warn(text));
    this.servers = entries.map(
      ([name, server]) =>
        new SupervisedServer(name, server, {
          startTimeoutMs: options.startTimeoutMs ?? 30_000,
          onChanged: () => this.#changed(),
          onStderr: (text) => options.onMessage?.(`[${name}] ${text.trimEnd()}`),
        }),
    );
  }

  /** Starts all servers. Has no effect the second time. */
  start(): void {
    for (const server of this.servers) server.start();
  }

  /** Resolves when each server has started once, or failed to: after `startTimeoutMs` at most. */
  async settled(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.settled));
  }

  /** The tools of all servers that listed any, by the name that programs use, in a fixed order. */
  get tools(): ReadonlyMap<string, NestedTool> {
    this.#tools ??= this.#route();
    return this.#tools;
  }

  /**
   * Calls a tool by its name.
   *
   * @throws `tool_server_failed`, `invalid_argument`, the signal's reason, or what the server says.
   */
  async call(call: ToolCall, signal: AbortSignal, listeners?: CallListeners): Promise<unknown> {
    const route = this.tools.get(call.tool);
    if (route !== undefined) return route.server.call(route.tool, call, signal, listeners);
    throw new CodeModeError('tool_server_failed', `Cannot call ${call.tool}: no server has it now`);
  }

  /** Ends all servers at once. Safe to call twice. */
  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #route(): ReadonlyMap<string, NestedTool> {
    const routed = routeTools(this.servers, (text) => this.#warn(text));
    return new Map(routed.map((route) => [route.definition.name, route]));
  }

  #changed(): void {
    this.#tools = undefined;
    this.#options.onChanged?.();
  }

  /** Says each thing once, however often tools are listed. */
  #warn(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#options.onMessage?.(`warning: ${text}`);
  }
}
