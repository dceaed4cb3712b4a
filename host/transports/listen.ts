import type { Socket } from 'node:net';
import { CodeModeError, messageOf } from '../../src/errors.ts';
import { type Endpoint, endpointUrl, isLoopback, parseListenEndpoint } from '../wire/endpoint.ts';
import type { Listener, ListenOptions } from './listener.ts';
import { listenOnStdio } from './stdio.ts';
import { streamTransport } from './stream-transport.ts';
import { listenOnTcp } from './tcp-listener.ts';
import { listenOnUnix } from './unix-listener.ts';
import { listenOnWebSocket } from './websocket-listener.ts';

export type { Listener, ListenOptions } from './listener.ts';

/**
 * Starts listening, for a `Host` that serves the connections.
 *
 * Sockets in the file system accept only their owner; TCP, and WebSockets without a token, only this
 * machine. Standard streams are a single connection, which exists at once.
 *
 * @param where `stdio`, `unix:PATH`, `tcp:HOST:PORT` or `ws://HOST:PORT`, as text or its parts. Port 0
 *   means any free port.
 * @throws CodeModeError `invalid_config` if the text is no such address, or if listening is not allowed
 *   or fails, for example because the address is in use.
 */
export async function listen(where: string | Endpoint, options: ListenOptions): Promise<Listener> {
  const endpoint = typeof where === 'string' ? parseListenEndpoint(where) : where;
  const url = endpointUrl(endpoint);
  const onSocket = (socket: Socket, peer: string) =>
    options.onConnection(streamTransport(peer, socket, socket, options));
  try {
    refuseOpenDoors(endpoint, options.token);
    switch (endpoint.type) {
      case 'stdio':
        return listenOnStdio(options);
      case 'unix':
        return await listenOnUnix(endpoint.path, url, { ...options, onSocket });
      case 'tcp':
        return await listenOnTcp(endpoint.host, endpoint.port, {
          ...options,
          onSocket,
          urlOf: (host, port) => endpointUrl({ type: 'tcp', host, port }),
          peerOf: (address) => `tcp:${address}`,
        });
      case 'ws':
        return await listenOnWebSocket(endpoint.host, endpoint.port, options);
    }
  } catch (error) {
    const reason = messageOf(error);
    throw new CodeModeError('invalid_config', `Cannot listen on ${url}: ${reason}`, {
      cause: error,
    });
  }
}

/** @throws Error if other machines could connect without a token. */
function refuseOpenDoors(endpoint: Endpoint, token: string | undefined): void {
  if (token !== undefined && endpoint.type !== 'ws') {
    throw new Error('a token (CLI: --token-file; API: token) only works with ws:HOST:PORT');
  }
  if (token === '') throw new Error('the token is empty');
  if (endpoint.type === 'tcp' && !isLoopback(endpoint.host)) {
    throw new Error('TCP accepts loopback addresses only; use ws:HOST:PORT with a token');
  }
  if (endpoint.type === 'ws' && token === undefined && !isLoopback(endpoint.host)) {
    throw new Error('non-loopback addresses need a token (CLI: --token-file; API: token)');
  }
}
