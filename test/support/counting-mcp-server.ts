import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly protocolVersion?: string; readonly arguments?: unknown };
}

/** A tool server over HTTP with a tool `echo`, which counts its clients. */
export interface CountingMcpServer extends AsyncDisposable {
  readonly url: string;
  /** How many clients have begun. */
  readonly begun: number;
  /** How many of them have not said goodbye. */
  readonly open: number;
  /** How many connections there are. */
  connections(): Promise<number>;
}

/** Starts the server on the loopback interface. */
export async function startCountingMcpServer(): Promise<CountingMcpServer> {
  const clients = new Set<string>();
  let begun = 0;
  const answer = (message: Message, response: ServerResponse) => {
    const { id, method, params } = message;
    if (id === undefined) return void response.writeHead(202).end();
    if (method === 'initialize') {
      const client = randomUUID();
      clients.add(client);
      begun += 1;
      response.setHeader('mcp-session-id', client);
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...outcomeOf(method, params) }));
  };
  const server = createServer(async (request, response) => {
    if (request.method === 'DELETE') clients.delete(sessionOf(request));
    if (request.method !== 'POST') {
      return void response.writeHead(request.method === 'DELETE' ? 200 : 405).end();
    }
    answer((await json(request)) as Message, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    get begun() {
      return begun;
    },
    get open() {
      return clients.size;
    },
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function sessionOf({ headers }: IncomingMessage): string {
  return String(headers['mcp-session-id']);
}

function outcomeOf(method: Message['method'], params: Message['params']): object {
  switch (method) {
    case 'initialize': {
      const protocolVersion = params?.protocolVersion;
      const serverInfo = { name: 'counting', version: '1' };
      return { result: { protocolVersion, capabilities: { tools: {} }, serverInfo } };
    }
    case 'tools/list':
      return { result: { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] } };
    case 'tools/call':
      return { result: { content: [], structuredContent: params?.arguments } };
    default:
      return { error: { code: -32601, message: 'unknown' } };
  }
}
