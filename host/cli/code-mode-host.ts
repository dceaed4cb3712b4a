import { parseArgs } from 'node:util';
import { spawnEarly } from '../../sandbox/process/early-spawn.ts';
import { endWithParent } from '../../sandbox/process/end-with-parent.ts';
import { engineNode } from '../../sandbox/process/engine-node.ts';
import type { HostSandboxOptions } from '../../sandbox/process/process-sandbox.ts';
import type { CliIo } from './cli-io.ts';
import { SERVE_OPTIONS, serveHelp } from './help-texts.ts';
import { readMilliseconds, WANTED_MILLISECONDS } from './milliseconds.ts';
import { OutputFailures } from './output-failures.ts';
import { print } from './print.ts';
import { serveCommand } from './serve-command.ts';

const NEVER = new AbortController().signal;

type Flags = ReturnType<typeof readFlags>;

const DEFAULTS = {
  listen: 'stdio',
  'trust-network': false,
  'log-level': 'info',
  version: false,
  help: false,
} as const;

const USAGE = `Usage: codex-code-mode-host [options]

Serve sessions to other processes. This is "cellhost serve" under another name.

Options:
  --listen ADDRESS
      ${SERVE_OPTIONS.listen} (default: stdio)
  --token-file PATH
      ${SERVE_OPTIONS.tokenFile}
  --tls-cert PATH
      ${SERVE_OPTIONS.tlsCert}
  --tls-key PATH
      ${SERVE_OPTIONS.tlsKey}
  --tls-client-ca PATH
      ${SERVE_OPTIONS.tlsClientCa}
  --trust-network
      ${SERVE_OPTIONS.trustNetwork}
  --route TOKEN
      ${SERVE_OPTIONS.route}
  --drain-ms MS
      ${SERVE_OPTIONS.drainMs}
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
  let flags: Flags;
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
    {
      listen: flags.listen,
      logLevel: flags['log-level'],
      tokenFile: flags['token-file'],
      grpc: {
        tlsCert: flags['tls-cert'],
        tlsKey: flags['tls-key'],
        tlsClientCa: flags['tls-client-ca'],
        trustNetwork: flags['trust-network'],
        route: flags.route,
        drainMs: drainMsIn(flags['drain-ms']),
      },
    },
    io,
    async () => {
      // It starts while the rest of this process is loaded.
      const endWithHost = endWithParent();
      const spawn = spawnEarly(() => engineNode(undefined), { endWithHost });
      const options: HostSandboxOptions = { spawn, endWithHost };
      const { ProcessSandbox } = await import('../../sandbox/process/process-sandbox.ts');
      return new ProcessSandbox(options);
    },
  );
}

function flagsOf(argv: readonly string[]): Flags {
  // Most clients give none, and wait for the greeting: what reads them is not loaded then.
  const flags: Flags = argv.length === 0 ? DEFAULTS : readFlags(argv);
  drainMsIn(flags['drain-ms']);
  return flags;
}

function readFlags(argv: readonly string[]) {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      listen: { type: 'string', default: DEFAULTS.listen },
      'token-file': { type: 'string' },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      'tls-client-ca': { type: 'string' },
      'trust-network': { type: 'boolean', default: DEFAULTS['trust-network'] },
      route: { type: 'string' },
      'drain-ms': { type: 'string' },
      'log-level': { type: 'string', default: DEFAULTS['log-level'] },
      version: { type: 'boolean', default: DEFAULTS.version },
      help: { type: 'boolean', default: DEFAULTS.help },
    },
  });
  return values;
}

/** @throws Error that names the flag. */
function drainMsIn(text: string | undefined): number | undefined {
  const value = text === undefined ? undefined : readMilliseconds(text);
  if (value !== undefined || text === undefined) return value;
  throw new Error(`Cannot use --drain-ms ${text}. ${WANTED_MILLISECONDS}`);
}
