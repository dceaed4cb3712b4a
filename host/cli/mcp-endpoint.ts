import { CodeModeError } from '../../src/errors.ts';
import { isLoopback, parseListenEndpoint } from '../wire/endpoint.ts';

/** Where `cellhost mcp` serves. */
export type McpEndpoint =
  /** The standard streams of this process. */
  | { readonly type: 'stdio' }
  | {
      readonly type: 'http';
      readonly host: string;
      readonly port: number;
      /** Whether only this machine can connect. */
      readonly isLoopback: boolean;
    };

/**
 * Reads where to listen: `stdio` or `http:HOST:PORT`, where port 0 stands for one that is free.
 *
 * @param hasToken Whether clients must send a token. Without one, the address must be a loopback one.
 * @throws `invalid_config`.
 */
export function parseMcpEndpoint(text: string, hasToken: boolean): McpEndpoint {
  if (text === 'stdio') return { type: 'stdio' };
  const { host, port } = parseHttp(text);
  const place = { type: 'http', host, port, isLoopback: isLoopback(host) } as const;
  if (place.isLoopback || hasToken) return place;
  throw new CodeModeError(
    'invalid_config',
    `Cannot listen on ${host}: others than this machine can connect, so --token-file is needed`,
  );
}

function parseHttp(text: string): { readonly host: string; readonly port: number } {
  const rest = /^http:(.*)$/i.exec(text)?.[1];
  try {
    // What follows the scheme is read as for TCP.
    const endpoint = rest === undefined ? undefined : parseListenEndpoint(`tcp:${rest}`);
    if (endpoint?.type === 'tcp') return endpoint;
  } catch {
    // It would name addresses that are not accepted here.
  }
  const message = `Cannot listen on ${JSON.stringify(text)}: accepted are stdio and http:HOST:PORT`;
  throw new CodeModeError('invalid_config', message);
}
