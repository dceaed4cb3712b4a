import { parseArgs } from 'node:util';
import type { CliIo } from './cli-io.ts';
import { OutputFailures } from './output-failures.ts';
import { serveCommand } from './serve-command.ts';

const NEVER = new AbortController().signal;
const USAGE = `Usage: codex-code-mode-host [--listen ENDPOINT] [--token-file PATH] [--log-level LEVEL]

Serves code-mode sessions to other processes: \`cellhost serve\` under another name.

  --listen ENDPOINT   stdio, unix:PATH, tcp:HOST:PORT or ws:HOST:PORT (default: stdio)
  --token-file PATH   what WebSocket clients must show, read from this file
  --log-level LEVEL   trace, debug, info, warn, error or silent (default: info)
  --version           print the version
  --help              print this
`;

/**
 * The `codex-code-mode-host` program. Clients wait for it to start, so it loads little.
 *
 * @param argv What follows the name of the program.
 * @returns The exit code; see `serveCommand`.
 */
export async function main(argv: readonly string[], io: CliIo): Promise<number> {
  const output = new OutputFailures(io);
  let flags: ReturnType<typeof flagsOf>;
  try {
    flags = flagsOf(argv);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    io.stderr.write(`codex-code-mode-host: ${message}\n\n${USAGE}`);
    return 2;
  }
  if (flags.help || flags.version) {
    io.stdout.write(flags.help ? USAGE : `${io.version}\n`);
    await output.flushed(NEVER);
    return output.codeAfter(0);
  }
  return serveCommand(
    { listen: flags.listen, logLevel: flags['log-level'], tokenFile: flags['token-file'] },
    io,
    async () => (await import('../../sandbox/process/process-sandbox.ts')).processSandbox(),
  );
}

function flagsOf(argv: readonly string[]) {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      listen: { type: 'string', default: 'stdio' },
      'token-file': { type: 'string' },
      'log-level': { type: 'string', default: 'info' },
      version: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return values;
}
