import type { McpTools } from '../mcp/mcp-tools.ts';
import type { CliIo } from './cli-io.ts';
import { type Label, printLabelled } from './print.ts';
import type { ProgressLine } from './progress-line.ts';

/** Which tool servers to start, and what to show of them. */
export interface ServersOptions {
  /** Path of the configuration of the tool servers. Default: no tools. */
  readonly config: string | undefined;
  /** Whether the standard error of tool servers is shown. */
  readonly verbose: boolean;
}

/**
 * Starts the tool servers of a configuration and prints what was left out.
 *
 * @param progress Erased before a line is printed.
 * @param resources Gets what must be closed when the command ends.
 * @throws `invalid_config`, `tool_server_failed`, the signal's reason.
 */
export async function openTools(
  { config, verbose }: ServersOptions,
  { stderr }: CliIo,
  progress: ProgressLine | undefined,
  resources: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<McpTools | undefined> {
  if (config === undefined) return undefined;
  // Loading the MCP client takes longer than most cells run.
  const { connectMcpTools, readMcpConfig } = await import('../mcp/mcp-tools.ts');
  const say = (label: Label, text: string) => {
    progress?.erase();
    printLabelled(stderr, label, text);
  };
  const onStderr = (server: string, text: string) => {
    for (const line of text.trimEnd().split('\n')) say(`[${server}]`, line);
  };
  const mcp = await connectMcpTools(await readMcpConfig(config), {
    signal,
    ...(verbose && { onStderr }),
  });
  resources.use(mcp);
  for (const warning of mcp.warnings) say('warning:', warning);
  return mcp;
}
