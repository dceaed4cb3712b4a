import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, it } from 'node:test';
import { Cancelled } from '../../../src/errors.ts';
import { connect, EVERYTHING, invoke } from '../../support/mcp-servers.ts';
import { descendants } from '../../support/processes.ts';

describe('connectMcpTools over HTTP', () => {
  afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

  it('calls tools of the reference server', async () => {
    await using server = await startEverything();
    await using mcp = await connect({ web: { url: server.url } });
    assert.deepEqual(await invoke(mcp, 'mcp__web__echo', { message: 'hello' }), {
      content: [{ type: 'text', text: 'Echo: hello' }],
    });
  });

  it('sends the configured headers, and says goodbye', async () => {
    await using server = await HttpServer.start();
    const headers = { authorization: 'Bearer token' };
    const mcp = await connect({ web: { url: server.url, headers } });
    await mcp.close();
    assert.ok(server.requests.every(({ authorization }) => authorization === 'Bearer token'));
    assert.equal(server.requests.at(-1)?.method, 'DELETE');
  });

  it('names a server that is not there', async () => {
    const server = await HttpServer.start();
    await server[Symbol.asyncDispose]();
    await assert.rejects(connect({ web: { url: server.url } }), {
      code: 'tool_server_failed',
      message: /^Cannot start tool server "web": it failed: .*ECONNREFUSED/,
    });
  });

  it('gives up a server that does not answer in time', async () => {
    await using server = await HttpServer.start({ isSilent: true });
    await assert.rejects(connect({ web: { url: server.url } }, { startTimeoutMs: 50 }), {
      message: 'Cannot start tool server "web": it did not answer within 50 ms',
    });
  });

  it('fails a call whose stream breaks off before the answer', async () => {
    await using server = await HttpServer.start();
    await using mcp = await connect({ web: { url: server.url } });
    const call = invoke(mcp, 'mcp__web__break');
    await assert.rejects(call, { message: /The connection ended before the answer came/ });
  });

  it('gives up a call when it is cancelled', async () => {
    await using server = await HttpServer.start();
    await using mcp = await connect({ web: { url: server.url } });
    const controller = new AbortController();
    const reason = new Cancelled('terminate');
    const call = invoke(mcp, 'mcp__web__hang', {}, controller.signal);
    await server.hanging;
    controller.abort(reason);
    await assert.rejects(call, reason);
    await server.cancelled;
  });

  it('fails calls of a server that went away, by its name', async () => {
    const server = await HttpServer.start();
    await using mcp = await connect({ web: { url: server.url } });
    await server[Symbol.asyncDispose]();
    await assert.rejects(invoke(mcp, 'mcp__web__hang'), {
      code: 'tool_server_failed',
      message: /^Cannot call mcp__web__hang: tool server "web" failed: /,
    });
  });
});

interface SeenRequest {
  readonly method: string | undefined;
  readonly authorization: string | undefined;
}

/** As much of a tool server on HTTP as these tests need. */
class HttpServer implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  url = '';
  readonly #isSilent: boolean;
  readonly #server: Server;
  readonly #hanging = Promise.withResolvers<void>();
  readonly #cancelled = Promise.withResolvers<void>();

  constructor({ isSilent = false }: { readonly isSilent?: boolean }) {
    this.#isSilent = isSilent;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(options: { readonly isSilent?: boolean } = {}): Promise<HttpServer> {
    const server = new HttpServer(options);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    const { port } = server.#server.address() as AddressInfo;
    server.url = `http://127.0.0.1:${port}/mcp`;
    return server;
  }

  /** Resolves when a call of `hang` has come. */
  get hanging(): Promise<void> {
    return this.#hanging.promise;
  }

  /** Resolves when a call was cancelled. */
  get cancelled(): Promise<void> {
    return this.#cancelled.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, headers } = request;
    this.requests.push({ method, authorization: headers.authorization });
    const body = await text(request);
    if (this.#isSilent) return;
    if (method !== 'POST') return void response.writeHead(method === 'DELETE' ? 200 : 405).end();
    const { id, method: name, params } = JSON.parse(body);
    if (name === 'notifications/cancelled') this.#cancelled.resolve();
    if (id === undefined) return void response.writeHead(202).end();
    if (name === 'tools/call') return this.#call(response, params.name);
    const result = resultOf(name, params);
    const error = { code: -32601, message: 'Method not found' };
    response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'one' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...(result ? { result } : { error }) }));
  }

  #call(response: ServerResponse, tool: string): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    if (tool === 'break') response.write(': soon\n\n', () => response.destroy());
    else this.#hanging.resolve();
  }
}

function resultOf(
  method: string,
  params: { readonly protocolVersion: string },
): object | undefined {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'http', version: '1' },
      };
    case 'tools/list':
      return {
        tools: ['break', 'hang'].map((name) => ({ name, inputSchema: { type: 'object' } })),
      };
  }
  return undefined;
}

async function startEverything(): Promise<AsyncDisposable & { readonly url: string }> {
  const port = await freePort();
  const server = spawn(EVERYTHING, ['streamableHttp'], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  for await (const chunk of server.stderr) if (String(chunk).includes('listening')) break;
  return {
    url: `http://localhost:${port}/mcp`,
    [Symbol.asyncDispose]: async () => {
      server.kill('SIGKILL');
      await once(server, 'exit');
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createNetServer().listen(0);
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
