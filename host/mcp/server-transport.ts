import {
  deserializeMessage,
  isJSONRPCRequest,
  type JSONRPCMessage,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import { getDefaultEnvironment } from '@modelcontextprotocol/client/stdio';
import type { McpHttpServer, McpProcessServer } from './mcp-config.ts';
import { ServerProcess } from './server-process.ts';

const INTERNAL_ERROR = -32603;

/** Messages to and from a process of ours. */
export type ProcessTransport = Transport & { readonly process: ServerProcess };

/** Starts the process of a tool server. Its environment is the harmless part of ours and what the configuration says. */
export function processTransport(
  { command, args = [], env, cwd }: McpProcessServer,
  onStderr: (text: string) => void,
): ProcessTransport {
  const what = { command, args, env: { ...getDefaultEnvironment(), ...env }, cwd };
  const transport: ProcessTransport = {
    process: new ServerProcess(what, {
      line: (line) => {
        const message = messageIn(line);
        if (message !== undefined) transport.onmessage?.(message);
      },
      stderr: onStderr,
    }),
    start: async () => {},
    send: (message) => transport.process.send(JSON.stringify(message)),
    close: () => transport.process.close(),
  };
  return transport;
}

/** Undefined for a line that is no message: servers print all kinds of things. */
function messageIn(line: string): JSONRPCMessage | undefined {
  try {
    return deserializeMessage(line);
  } catch {
    return undefined;
  }
}

/** Messages to and from a tool server that runs elsewhere. */
export function httpTransport({ url, headers }: McpHttpServer): StreamableHTTPClientTransport {
  const requestInit = headers === undefined ? {} : { headers };
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit });
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    if (!isJSONRPCRequest(message)) return send(message, options);
    // The client would wait for ever for the answer to a request whose stream broke off.
    const error = { code: INTERNAL_ERROR, message: 'The connection ended before the answer came' };
    const onRequestStreamEnd = () =>
      transport.onmessage?.({ jsonrpc: '2.0', id: message.id, error });
    return send(message, { ...options, onRequestStreamEnd });
  };
  return transport;
}
