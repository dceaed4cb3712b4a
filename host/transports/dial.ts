import { connect } from 'node:net';
import { execute } from 'abort-controller-x';
import { WebSocket } from 'ws';
import { CodeModeError } from '../../src/errors.ts';
import { type Endpoint, endpointUrl, isLoopback, parseConnectEndpoint } from '../wire/endpoint.ts';
import type { Transport } from '../wire/transport.ts';
import { stdioTransport } from './stdio.ts';
import { streamTransport } from './stream-transport.ts';
import { webSocketOptions, webSocketTransport } from './websocket-transport.ts';
import type { TransportOptions } from './wire-transport.ts';

/** Options of a connection. */
export interface DialOptions extends TransportOptions {
  /** The bearer token for the host, for WebSockets only. */
  readonly token?: string;
  /** Aborts connecting. It has no effect on an open connection. */
  readonly signal: AbortSignal;
}

/**
 * Connects to a host, or uses the standard streams of this process.
 *
 * @param url `stdio`, `unix:PATH`, `tcp:HOST:PORT` on this machine, or `ws://HOST:PORT`.
 * @throws CodeModeError `invalid_config` if the URL or the token is invalid; `connection_lost` if there
 *   is no answer, or for a refusal.
 */
export async function dial(url: string, options: DialOptions): Promise<Transport> {
  const endpoint = parseConnectEndpoint(url);
  checkPurpose(endpoint, options.token);
  const { signal } = options;
  switch (endpoint.type) {
    case 'stdio':
      signal.throwIfAborted();
      return stdioTransport(options);
    case 'unix':
      return await dialSocket(endpointUrl(endpoint), { path: endpoint.path }, options, signal);
    case 'tcp':
      return await dialSocket(endpointUrl(endpoint), endpoint, options, signal);
    case 'ws':
      return await dialWebSocket(endpointUrl(endpoint), options, signal);
  }
}

function checkPurpose(endpoint: Endpoint, token: string | undefined): void {
  const fail = (why: string) => {
    const message = `Cannot connect to ${endpointUrl(endpoint)}: ${why}`;
    throw new CodeModeError('invalid_config', message);
  };
  if (endpoint.type === 'tcp' && !isLoopback(endpoint.host)) {
    fail('TCP is only for this machine; use ws://HOST:PORT');
  }
  if (token === undefined) return;
  if (endpoint.type !== 'ws') fail('a token is only sent over a WebSocket, ws:HOST:PORT');
  if (!/^[\x21-\x7e]+$/.test(token)) fail('the token must consist of visible ASCII characters');
}

type Place = { readonly path: string } | { readonly host: string; readonly port: number };

function dialSocket(
  url: string,
  place: Place,
  options: TransportOptions,
  signal: AbortSignal,
): Promise<Transport> {
  return execute<Transport>(signal, (resolve, reject) => {
    const socket = connect({ ...place, allowHalfOpen: true, noDelay: true });
    const fail = (error: Error) => reject(unreachable(url, error.message, error));
    socket.on('error', fail);
    socket.once('connect', () => {
      resolve(streamTransport(url, socket, socket, options));
      socket.off('error', fail);
    });
    return () => void socket.destroy();
  });
}

function dialWebSocket(url: string, options: DialOptions, signal: AbortSignal): Promise<Transport> {
  return execute<Transport>(signal, (resolve, reject) => {
    const { token } = options;
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const webSocket = new WebSocket(url, { ...webSocketOptions(options), headers });
    const fail = (error: Error) => reject(unreachable(url, error.message, error));
    webSocket.on('error', fail);
    webSocket.once('unexpected-response', (_, { statusCode, statusMessage }) => {
      reject(unreachable(url, `it answered ${statusCode} ${statusMessage}`));
      webSocket.terminate();
    });
    webSocket.once('upgrade', ({ socket }) => {
      webSocket.once('open', () => {
        // Synchronously, because a message right behind the answer needs its listener.
        resolve(webSocketTransport(url, webSocket, socket, options));
        webSocket.off('error', fail);
      });
    });
    return () => webSocket.terminate();
  });
}

function unreachable(url: string, why: string, cause?: Error): CodeModeError {
  return new CodeModeError('connection_lost', `Cannot connect to ${url}: ${why}`, { cause });
}
