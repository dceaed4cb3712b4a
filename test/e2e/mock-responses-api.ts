import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ResponseItem } from './scripted-model.ts';

/** A received request for a response. */
export interface RecordedRequest {
  readonly path: string;
  readonly body: unknown;
}

/** A stand-in for the Responses API on the loopback interface. */
export interface MockResponsesApi extends AsyncDisposable {
  /** Its URL, without a path. */
  readonly url: string;
  /** All requests, in order. */
  readonly requests: readonly RecordedRequest[];
  /** Other requests: other paths, and other hosts if it is used as a proxy. */
  readonly refused: readonly string[];
  /** Why requests could not be answered. */
  readonly problems: readonly string[];
  close(): Promise<void>;
}

/** Answers one request. If it throws, the error is recorded, and the request fails with status 400. */
export type Respond = (body: unknown) => readonly ResponseItem[];

/** Starts the stand-in on a free port. It answers `POST …/responses` with a stream of events. */
export async function startMockResponsesApi(respond: Respond): Promise<MockResponsesApi> {
  const requests: RecordedRequest[] = [];
  const refused: string[] = [];
  const problems: string[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url: path = '' } = request;
    const body = await text(request);
    if (method !== 'POST' || !/^\/[^?]*\/responses$/.test(path)) {
      refused.push(`${method} ${path}`);
      response.writeHead(404).end();
      return;
    }
    const asked: unknown = JSON.parse(body);
    requests.push({ path, body: asked });
    stream(response, requests.length, respond(asked));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      problems.push(String(error));
      response.writeHead(400).end(JSON.stringify({ error: { message: String(error) } }));
    });
  });
  server.on('connect', ({ url }, socket) => {
    refused.push(`CONNECT ${url}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  async function close(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, requests, refused, problems, close, [Symbol.asyncDispose]: close };
}

/** Writes a whole response: its start, its items, its end. */
function stream(response: ServerResponse, number: number, items: readonly ResponseItem[]): void {
  const id = `response_${number}`;
  const usage = {
    input_tokens: 0,
    input_tokens_details: null,
    output_tokens: 0,
    output_tokens_details: null,
    total_tokens: 0,
  };
  const events = [
    { type: 'response.created', response: { id } },
    ...items.map((item) => ({ type: 'response.output_item.done', item })),
    { type: 'response.completed', response: { id, usage } },
  ];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  response.end();
}
