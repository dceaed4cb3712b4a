import { parseArgs } from 'node:util';
import type { CliIo } from './cli-io.ts';
import { SERVE_OPTIONS, serveHelp } from './help-texts.ts';
import { OutputFailures } from './output-failures.ts';
import { print } from './print.ts';
import { serveCommand } from './serve-command.ts';

const NEVER = new AbortController().signal;
const USAGE = `Usage: codex-code-mode-host [options]

Serve sessions to other processes. This is "cellhost serve" under another name.

Options:
  --listen ADDRESS
      ${SERVE_OPTIONS.listen} (default: stdio)
  --token-file PATH
      ${SERVE_OPTIONS.tokenFile}
  --log-level LEVEL
      ${SERVE_OPTIONS.logLevel} (default: info)
  --version
      Print the version.
  --help
      Print this help.
${serveHelp('codex-code-mode-host')}
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
    print(io.stderr, `codex-code-mode-host: ${message}\n\n${USAGE}`);
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
