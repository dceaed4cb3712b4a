import { CodeModeError, messageOf } from '../../src/errors.ts';
import type { GuestGlobals, Sandbox } from '../../src/sandbox.ts';
import { type McpConfig, readMcpConfig } from '../mcp/mcp-config.ts';
import { LazyBackend } from '../mcp-server/lazy-backend.ts';
import { serveStreams } from '../mcp-server/serve-stdio.ts';
import { hostAndPort } from '../wire/endpoint.ts';
import type { CliIo } from './cli-io.ts';
import { parseMcpEndpoint } from './mcp-endpoint.ts';
import { printLabelled } from './print.ts';
import { readToken } from './read-token.ts';
import { StopSignals } from './stop-signals.ts';

/** What `cellhost mcp` was told. */
export interface McpCommandOptions {
  /** Path of the configuration of the nested servers. Default: none. */
  readonly config: string | undefined;
  /** As given with `--listen`. */
  readonly listen: string;
  /** Path of the file with the token that HTTP clients must send. */
  readonly tokenFile: string | undefined;
  /** Which globals programs have. */
  readonly globals: GuestGlobals;
}

const NO_SERVERS: McpConfig = { mcpServers: {} };

/**
 * Serves code mode to MCP clients until the client goes (standard streams), or until a signal. Over
 * HTTP, the first line of the output is the address.
 *
 * However the end comes, nested servers and sandbox processes are ended first.
 *
 * @param openSandbox Called before the first program.
 * @returns The exit code: 0 for any end, 2 for what could not be served.
 */
export async function mcpCommand(
  { config, listen, tokenFile, globals }: McpCommandOptions,
  io: CliIo,
  openSandbox: () => Promise<Sandbox>,
): Promise<number> {
  const say = (text: string) => printLabelled(io.stderr, 'cellhost:', text);
  using stop = new StopSignals(io);
  try {
    const token = tokenFile === undefined ? undefined : await requiredToken(tokenFile);
    const endpoint = parseMcpEndpoint(listen, token !== undefined);
    const servers = config === undefined ? NO_SERVERS : await readMcpConfig(config);
    const options = { config: servers, openSandbox, globals, onMessage: say };
    await using backend = new LazyBackend(options);
    if (endpoint.type === 'stdio') {
      const served = serveStreams(io, backend, io.version);
      await Promise.race([served.ended, stop.asked]);
      await Promise.all([served.close(), backend.close()]);
    } else {
      // Loaded here because most clients talk over standard streams.
      const { serveHttp } = await import('../mcp-server/serve-http.ts');
      const served = await serveHttp({ ...endpoint, token }, backend, io.version);
      io.stdout.write(`http://${hostAndPort(endpoint.host, served.port)}/mcp\n`);
      await stop.asked;
      await Promise.all([served.close(), backend.close()]);
    }
    return 0;
  } catch (error) {
    const code = error instanceof CodeModeError ? `${error.code}: ` : '';
    say(`${code}${messageOf(error)}`);
    return 2;
  }
}

/** @throws `invalid_config` that names the file and the flag. */
async function requiredToken(path: string): Promise<string> {
  const token = await readToken(path);
  if (token !== '') return token;
  throw new CodeModeError('invalid_config', `Cannot use ${path} (--token-file): it is empty`);
}
