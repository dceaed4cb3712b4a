import { fileURLToPath } from 'node:url';
import { CodeModeError, messageOf } from '../../src/errors.ts';
import type { GuestGlobals, Sandbox } from '../../src/sandbox.ts';
import { startProxy } from '../acp/start-proxy.ts';
import { type McpConfigWithPolicies, readMcpConfigWithPolicies } from '../mcp/mcp-config.ts';
import type { CliIo } from './cli-io.ts';
import { checkLogLevel, openLog } from './open-log.ts';
import { flush } from './output-failures.ts';
import { printLabelled } from './print.ts';
import { StopSignals } from './stop-signals.ts';

/** What `cellhost acp` was told. */
export interface AcpCommandOptions {
  /** The program of the agent, and its arguments. */
  readonly agent: readonly [command: string, ...args: readonly string[]];
  /** Path of the configuration of servers for all sessions. Default: none. */
  readonly config: string | undefined;
  /** The editor's servers that stay with the agent; `*` for all. */
  readonly keep: readonly string[];
  /** What the agent's MCP server is called. */
  readonly name: string;
  /** As given with `--transport`. */
  readonly transport: string;
  /** Which globals programs have. */
  readonly globals: GuestGlobals;
  /** Least important kind of log line that is written. */
  readonly logLevel: string;
}

const NO_SERVERS: McpConfigWithPolicies = { mcpServers: {}, policies: new Map() };
/** Compiled, this file is one folder deeper. */
const ROOT = import.meta.url.endsWith('.ts') ? '../../' : '../../../';
const PROGRAM = fileURLToPath(new URL(`${ROOT}bin/cellhost.js`, import.meta.url));
const ATTACH = { command: process.execPath, args: [PROGRAM, 'mcp', '--attach'] };

/**
 * Gives an agent code mode: stands between it and the editor that started us.
 *
 * @param openSandbox Called before the first program.
 * @returns The exit code: the agent's; 0 if the editor left first; 2 if it could not be started.
 */
export async function acpCommand(
  { agent, config, keep, name, transport, globals, logLevel }: AcpCommandOptions,
  io: CliIo,
  openSandbox: () => Promise<Sandbox>,
): Promise<number> {
  using stop = new StopSignals(io);
  try {
    checkLogLevel(logLevel);
    const { stdin, stdout, stderr, version } = io;
    const exitCode = await startProxy({
      agent,
      config: config === undefined ? NO_SERVERS : await readMcpConfigWithPolicies(config),
      keep,
      name,
      transport: readTransport(transport),
      attach: ATTACH,
      version,
      ...{ stdin, stdout, stderr },
      stopped: stop.asked,
      openSandbox,
      globals,
      log: await openLog(logLevel, stderr),
    });
    await Promise.race([flush(stdout), stop.asked]);
    return exitCode;
  } catch (error) {
    const code = error instanceof CodeModeError ? `${error.code}: ` : '';
    const text = messageOf(error);
    printLabelled(io.stderr, 'cellhost:', code + text);
    return 2;
  }
}

/** @throws Error that names the choices. */
function readTransport(text: string): 'stdio' | 'http' {
  if (text === 'stdio' || text === 'http') return text;
  throw new Error(`Cannot use --transport ${text}: choose stdio or http`);
}
