import { hash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { ignoreErrors } from '../io/ignore-errors.ts';
import { endpointUrl } from '../wire/endpoint.ts';
import { type Listener, type ListenOptions, makeListener, openServer } from './listener.ts';
import { boundTo, listenAddress, remoteOf } from './tcp-listener.ts';
import { webSocketOptions, webSocketTransport } from './websocket-transport.ts';

const READY_PATH = '/readyz';

/**
 * WebSockets at `/`, and 200 for a GET of `/readyz`.
 *
 * Browsers are refused: a request with an `Origin` gets 403. If there is a token, clients must send it
 * as `Authorization: Bearer …`; others get 401.
 */
export async function listenOnWebSocket(
  host: string,
  port: number,
  options: ListenOptions,
): Promise<Listener> {
  const upgrades = new WebSocketServer({
    ...webSocketOptions(options),
    noServer: true,
    clientTracking: false,
  });
  const server = createServer(answer);
  server.on('upgrade', (request, socket, head) => {
    const status = verdict(request, options.token);
    if (status !== undefined) return refuse(socket, status);
    upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      const peer = `ws:${remoteOf(socket as Socket)}`;
      options.onConnection(webSocketTransport(peer, webSocket, socket, options));
    });
  });
  await openServer(server, { host: listenAddress(host), port }, options.onError);
  return makeListener(endpointUrl({ type: 'ws', ...boundTo(server) }), () => {
    server.close();
    server.closeAllConnections();
  });
}

/** Answers requests that are not for a WebSocket. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Connection', 'close');
  response.writeHead(statusOf(request)).end();
}

function statusOf(request: IncomingMessage): number {
  if (request.headers.origin !== undefined) return 403;
  if (request.method === 'GET' && pathOf(request) === READY_PATH) return 200;
  return pathOf(request) === '/' ? 426 : 404;
}

/** The status with which a WebSocket is refused; undefined if it is accepted. */
function verdict(request: IncomingMessage, token: string | undefined): number | undefined {
  if (request.headers.origin !== undefined) return 403;
  if (pathOf(request) !== '/') return 404;
  return token === undefined || shows(request, token) ? undefined : 401;
}

function pathOf({ url = '' }: IncomingMessage): string | undefined {
  return url.split('?', 1)[0];
}

/** Takes the same time for wrong tokens and the right one, because it compares hashes of equal length. */
function shows({ headers }: IncomingMessage, token: string): boolean {
  const [, shown = ''] = /^Bearer +(.*)$/i.exec(headers.authorization ?? '') ?? [];
  return timingSafeEqual(hash('sha256', shown, 'buffer'), hash('sha256', token, 'buffer'));
}

function refuse(socket: Duplex, status: number): void {
  ignoreErrors(socket);
  socket.once('finish', () => socket.destroy());
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'Connection: close'];
  if (status === 401) lines.push('WWW-Authenticate: Bearer');
  socket.end(`${lines.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`);
}
