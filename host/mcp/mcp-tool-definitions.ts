import { flatToolName, type ToolDefinition, toolIdentifier } from '../../src/tools.ts';
import { ruleFor, type ToolPolicy, type ToolRule } from './tool-policy.ts';

/** What a tool server says of one of its tools. */
export interface ListedTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: unknown;
  readonly outputSchema?: unknown;
}

/** A tool server whose tools are known. */
export interface ListedServer {
  readonly name: string;
  /** Default: all tools may be called. */
  readonly policy?: ToolPolicy | undefined;
  readonly tools: readonly ListedTool[];
}

/** One tool as programs are offered it, and where its calls go. */
export interface RoutedTool<S extends ListedServer> {
  readonly definition: ToolDefinition;
  readonly server: S;
  readonly tool: S['tools'][number];
  readonly rule: ToolRule;
}

/**
 * The namespace of a tool server's tools, `mcp__<server>__`. Characters that cannot stand in an
 * identifier become `_`, so two names may get the same one.
 */
export function mcpNamespace(serverName: string): string {
  return `mcp__${serverName.replace(/[^A-Za-z0-9_$]/gu, '_')}__`;
}

/**
 * Leaves out servers whose tools would get the names of another's: the first stays, and for each
 * other one `warn` is called.
 */
export function distinctServers<C>(
  servers: readonly (readonly [name: string, config: C])[],
  warn: (warning: string) => void,
): readonly (readonly [name: string, config: C])[] {
  const byNamespace = new Map<string, readonly [name: string, config: C]>();
  for (const server of servers) {
    const [name] = server;
    const first = byNamespace.get(mcpNamespace(name));
    if (first === undefined) byNamespace.set(mcpNamespace(name), server);
    else
      warn(
        `Tool server "${name}" is left out: its tools would have the names of those of "${first[0]}"`,
      );
  }
  return [...byNamespace.values()];
}

/**
 * Gives the tools of all servers their names, except those that a policy does not allow. Of several that programs would reach by the same
 * name the first stays; for each other one `warn` is called.
 */
export function routeTools<S extends ListedServer>(
  servers: readonly S[],
  warn: (warning: string) => void,
): readonly RoutedTool<S>[] {
  const routed = new Map<string, RoutedTool<S>>();
  for (const server of servers) {
    for (const tool of server.tools) {
      const rule = ruleFor(server.policy, tool.name);
      if (!rule.isAllowed) continue;
      const definition = definitionOf(server.name, tool);
      const identifier = toolIdentifier(definition.name);
      const first = routed.get(identifier);
      if (first === undefined) routed.set(identifier, { definition, server, tool, rule });
      else warn(duplicateWarning({ server, tool }, first));
    }
  }
  return [...routed.values()];
}

function definitionOf(serverName: string, tool: ListedTool): ToolDefinition {
  const toolName = { name: tool.name, namespace: mcpNamespace(serverName) };
  return {
    name: flatToolName(toolName),
    toolName,
    description: tool.description ?? '',
    inputSchema: tool.inputSchema,
    outputSchema: resultSchema(tool.outputSchema),
  };
}

/** The shape that is rendered as `CallToolResult<T>`. */
function resultSchema(structuredContent: unknown): unknown {
  return {
    type: 'object',
    properties: {
      content: { type: 'array', items: { type: 'object' } },
      structuredContent: structuredContent ?? true,
      isError: { type: 'boolean' },
      _meta: { type: 'object' },
    },
    required: ['content'],
    additionalProperties: false,
  };
}

type Origin = {
  readonly server: { readonly name: string };
  readonly tool: { readonly name: string };
};

function duplicateWarning(duplicate: Origin, first: Origin): string {
  const name = `Tool "${duplicate.tool.name}" of tool server "${duplicate.server.name}"`;
  return `${name} is left out: "${first.tool.name}" of "${first.server.name}" has the same name`;
}
