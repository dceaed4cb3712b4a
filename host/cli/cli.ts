import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { hostSandbox } from '../../sandbox/process/process-sandbox.ts';
import { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import type { GuestGlobals } from '../../src/sandbox.ts';
import type { CliIo } from './cli-io.ts';
import {
  ACP_HELP,
  ACP_OPTIONS,
  GLOBALS_OPTION,
  MCP_HELP,
  MCP_OPTIONS,
  PROGRAM_HELP,
  RUN_HELP,
  SERVE_OPTIONS,
  serveHelp,
  TOOLS_HELP,
} from './help-texts.ts';
import { readMilliseconds, WANTED_MILLISECONDS } from './milliseconds.ts';
import { OutputFailures } from './output-failures.ts';
import { print } from './print.ts';
import type { SourceOrigin } from './read-source.ts';
import { type OpenSession, runCommand } from './run-command.ts';

const NEVER = new AbortController().signal;
const DEFAULT_YIELD_MS = 100;

interface RunFlags {
  readonly eval?: string;
  readonly config?: string;
  readonly yield: number;
  readonly timeout?: number;
  readonly json?: boolean;
  readonly console?: boolean;
  readonly globals: GuestGlobals;
  readonly verbose?: boolean;
}

interface AcpFlags {
  readonly config?: string;
  readonly keep: readonly string[];
  readonly name: string;
  readonly transport: string;
  readonly globals: GuestGlobals;
  readonly logLevel: string;
}

interface McpFlags {
  readonly config?: string;
  readonly attach?: string;
  readonly globals: GuestGlobals;
  readonly listen: string;
  readonly tokenFile?: string;
}

interface ToolsFlags {
  readonly config: string;
  readonly verbose?: boolean;
}

interface ServeFlags {
  readonly listen: string;
  readonly logLevel: string;
  readonly tokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly trustNetwork?: boolean;
  readonly route?: string;
  readonly drainMs?: number;
}

/**
 * The `cellhost` program.
 *
 * @param argv What follows the name of the program.
 * @param openSession Default: a session of this process, over sandbox processes.
 * @returns The exit code: 0 for success, 1 for a cell that failed, 2 for what could not be run, 124
 * for a cell that took too long, 128 and the signal's number for an interrupted one.
 */
export async function main(
  argv: readonly string[],
  io: CliIo,
  openSession: OpenSession = openProcessSession,
): Promise<number> {
  let exitCode = 0;
  const output = new OutputFailures(io);
  const program = new Command('cellhost')
    .description('Run JavaScript and TypeScript cells that call your tools.')
    .version(io.version, '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Print this help.')
    .helpCommand('help [command]', 'Print the help of a command.')
    .addHelpText('after', PROGRAM_HELP)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => print(io.stderr, text),
    });
  const exit = (code: number) => {
    exitCode = code;
  };
  addRunCommand(program, io, output, openSession, exit);
  addServeCommand(program, io, exit);
  addMcpCommand(program, io, exit);
  addAcpCommand(program, io, exit);
  addToolsCommand(program, io, output, exit);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) return 2;
    await output.flushed(NEVER);
    return output.codeAfter(0);
  }
}

function addRunCommand(
  program: Command,
  io: CliIo,
  output: OutputFailures,
  openSession: OpenSession,
  exit: (code: number) => void,
): void {
  const command = program
    .command('run')
    .description('Run one cell and print its output.')
    .argument('[file]', 'Program to run. Without it, or with -, standard input is read.')
    .option('-e, --eval <code>', 'Run this code instead of a file.')
    .option('--config <path>', 'Start the MCP servers in this mcp.json and offer their tools.')
    .option('--yield <ms>', 'Print waiting output at least this often.', ms, DEFAULT_YIELD_MS)
    .option(
      '--timeout <ms>',
      'Stop the cell after this time. Without it there is no time limit.',
      ms,
    )
    .option('--json', 'Print one JSON object per line.')
    .option('--console', 'Give the cell a console that prints to standard output.')
    .addOption(globalsOption())
    .option('--verbose', 'Print what the MCP servers write to standard error.')
    .helpOption('-h, --help', 'Print this help.')
    .addHelpText('after', RUN_HELP);
  command.action(async (file: string | undefined, flags: RunFlags) => {
    const options = {
      origin: originOf(command, file, flags.eval, io),
      config: flags.config,
      yieldAfterMs: flags.yield,
      maxRunMs: flags.timeout,
      json: flags.json ?? false,
      console: flags.console ?? false,
      globals: flags.globals,
      verbose: flags.verbose ?? false,
    };
    exit(await runCommand(options, io, output, openSession));
  });
}

function addServeCommand(program: Command, io: CliIo, exit: (code: number) => void): void {
  program
    .command('serve')
    .description('Serve sessions to other processes.')
    .option('--listen <address>', SERVE_OPTIONS.listen, 'stdio')
    .option('--token-file <path>', SERVE_OPTIONS.tokenFile)
    .option('--tls-cert <path>', SERVE_OPTIONS.tlsCert)
    .option('--tls-key <path>', SERVE_OPTIONS.tlsKey)
    .option('--tls-client-ca <path>', SERVE_OPTIONS.tlsClientCa)
    .option('--trust-network', SERVE_OPTIONS.trustNetwork)
    .option('--route <token>', SERVE_OPTIONS.route)
    .option('--drain-ms <ms>', SERVE_OPTIONS.drainMs, ms)
    .option('--log-level <level>', SERVE_OPTIONS.logLevel, 'info')
    .helpOption('-h, --help', 'Print this help.')
    .addHelpText('after', serveHelp('cellhost serve'))
    .action(async (flags: ServeFlags) => {
      // Loaded here because a run needs none of it.
      const { serveCommand } = await import('./serve-command.ts');
      const { listen, logLevel, tokenFile, trustNetwork = false } = flags;
      const { tlsCert, tlsKey, tlsClientCa, route, drainMs } = flags;
      const grpc = { tlsCert, tlsKey, tlsClientCa, trustNetwork, route, drainMs };
      const options = { listen, logLevel, tokenFile, grpc };
      exit(await serveCommand(options, io, async () => hostSandbox()));
    });
}

function addMcpCommand(program: Command, io: CliIo, exit: (code: number) => void): void {
  program
    .command('mcp')
    .description('Serve code mode to an MCP client.')
    .option('--config <path>', 'Offer the tools of the MCP servers in this mcp.json to programs.')
    .option('--listen <address>', MCP_OPTIONS.listen, 'stdio')
    .option('--token-file <path>', MCP_OPTIONS.tokenFile)
    .addOption(globalsOption())
    .option('--attach <socket>', MCP_OPTIONS.attach)
    .helpOption('-h, --help', 'Print this help.')
    .addHelpText('after', MCP_HELP)
    .action(async ({ config, listen, tokenFile, attach, globals }: McpFlags) => {
      if (attach !== undefined) {
        const { attachCommand } = await import('./attach-command.ts');
        return exit(await attachCommand(attach, io));
      }
      const { mcpCommand } = await import('./mcp-command.ts');
      const options = { config, listen, tokenFile, globals };
      exit(await mcpCommand(options, io, async () => hostSandbox()));
    });
}

function addAcpCommand(program: Command, io: CliIo, exit: (code: number) => void): void {
  program
    .command('acp')
    .description('Start an ACP agent and give it code mode.')
    .argument('<agent...>', ACP_OPTIONS.agent)
    .option('--config <path>', ACP_OPTIONS.config)
    .option('--keep <name>', ACP_OPTIONS.keep, (name, names) => [...names, name], [] as string[])
    .option('--name <name>', ACP_OPTIONS.name, 'cellhost')
    .option('--transport <transport>', ACP_OPTIONS.transport, 'stdio')
    .addOption(globalsOption())
    .option('--log-level <level>', SERVE_OPTIONS.logLevel, 'info')
    .helpOption('-h, --help', 'Print this help.')
    .addHelpText('after', ACP_HELP)
    .action(async (agent: [string, ...string[]], flags: AcpFlags) => {
      const { acpCommand } = await import('./acp-command.ts');
      const { config, keep, name, transport, globals, logLevel } = flags;
      const options = { agent, config, keep, name, transport, globals, logLevel };
      exit(await acpCommand(options, io, async () => hostSandbox()));
    });
}

function addToolsCommand(
  program: Command,
  io: CliIo,
  output: OutputFailures,
  exit: (code: number) => void,
): void {
  program
    .command('tools')
    .description('Print the tools of MCP servers as the model will see them.')
    .requiredOption('--config <path>', 'Start the MCP servers in this mcp.json.')
    .option('--verbose', 'Print what the MCP servers write to standard error.')
    .helpOption('-h, --help', 'Print this help.')
    .addHelpText('after', TOOLS_HELP)
    .action(async ({ config, verbose = false }: ToolsFlags) => {
      const { toolsCommand } = await import('./tools-command.ts');
      exit(await toolsCommand({ config, verbose }, io, output));
    });
}

function originOf(
  command: Command,
  file: string | undefined,
  code: string | undefined,
  io: CliIo,
): SourceOrigin {
  if (code !== undefined && file !== undefined) {
    command.error('error: a file and -e cannot be used together');
  }
  if (code !== undefined) return { type: 'code', code };
  if (file !== undefined && file !== '-') return { type: 'file', path: file };
  if (file === undefined && io.stdin.isTTY === true) {
    command.error('error: nothing to run: name a file, or use -e or standard input');
  }
  return { type: 'stdin' };
}

function globalsOption(): Option {
  return new Option('--globals <set>', GLOBALS_OPTION)
    .choices(['standard', 'web'])
    .default('standard');
}

function ms(text: string): number {
  const value = readMilliseconds(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError(WANTED_MILLISECONDS);
}

const openProcessSession: OpenSession = (needs, resources) => {
  const { delegate, tools, console, globals, maxRunMs } = needs;
  const sandbox = resources.use(hostSandbox());
  const limits = maxRunMs === undefined ? {} : { maxRunMs };
  return resources.use(new SessionRuntime({ delegate, sandbox, tools, console, globals, limits }));
};
