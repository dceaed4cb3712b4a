import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { isJsonObject, type JsonObject } from '../../../src/describe/json-object.ts';
import { DIALECTS, type Dialect, type ModelRequest, type ModelTurn } from './dialects.ts';

/** A stand-in for every model API, on the loopback interface. */
export interface ModelApi extends AsyncDisposable {
  /** Its URL, without a path. */
  readonly url: string;
  /** Requests that it did not answer with a turn, other than questions about tokens and models. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

/** Starts the stand-in on a free port. Requests that offer no tools are answered with a text. */
export async function startModelApi(
  respond: (request: ModelRequest, body: JsonObject) => ModelTurn,
): Promise<ModelApi> {
  const refused: string[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const path = url.split('?', 1)[0] ?? '';
    const body = parsed(await text(request));
    const dialect = DIALECTS.find((one) => one.path.test(path));
    if (method === 'POST' && dialect !== undefined) {
      const asked = dialect.read(body);
      const turn = asked.tools.length === 0 ? OTHER_TURN : respond(asked, body);
      return stream(response, dialect, turn);
    }
    const known = KNOWN.find(({ pattern }) => pattern.test(`${method} ${path}`));
    if (known === undefined) refused.push(`${method} ${path}`);
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(known?.answer ?? {}));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      refused.push(String(error));
      response.writeHead(400).end();
    });
  });
  server.on('connect', ({ url }, socket) => {
    refused.push(`CONNECT ${url}`);
    socket.on('error', () => {});
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, refused, close, [Symbol.asyncDispose]: close };
}

/** The answer to a request for a title, a summary, and the like. */
const OTHER_TURN: ModelTurn = { type: 'text', text: 'done' };

const KNOWN: readonly { readonly pattern: RegExp; readonly answer: JsonObject }[] = [
  { pattern: /count_?tokens$/i, answer: { input_tokens: 1, totalTokens: 1 } },
  { pattern: /^(GET|HEAD) /, answer: { data: [], models: [] } },
];

function stream(response: ServerResponse, dialect: Dialect, turn: ModelTurn): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of dialect.write(turn)) {
    const name = typeof event.type === 'string' ? `event: ${event.type}\n` : '';
    response.write(`${name}data: ${JSON.stringify(event)}\n\n`);
  }
  response.end(dialect.end);
}

function parsed(body: string): JsonObject {
  if (body === '') return {};
  const value: unknown = JSON.parse(body);
  return isJsonObject(value) ? value : {};
}
