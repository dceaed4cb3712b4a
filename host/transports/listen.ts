import type { Socket } from 'node:net';
import { CodeModeError } from '../../src/errors.ts';
import { type Endpoint, endpointUrl, isLoopback } from '../wire/endpoint.ts';
import type { Listener, ListenOptions } from './listener.ts';
import { listenOnStdio } from './stdio.ts';
import { streamTransport } from './stream-transport.ts';
import { listenOnTcp } from './tcp-listener.ts';
import { listenOnUnix } from './unix-listener.ts';
import { listenOnWebSocket } from './websocket-listener.ts';

export type { Listener, ListenOptions } from './listener.ts';

/**
 * Starts listening.
 *
 * Sockets in the file system accept only their owner; TCP, and WebSockets without a token, only this
 * machine. Standard streams are a single connection, which exists at once.
 *
 * @throws CodeModeError `invalid_config` if listening is not allowed or fails, for example because the
 *   address is in use.
 */
export async function listen(endpoint: Endpoint, options: ListenOptions): Promise<Listener> {
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
    const reason = error instanceof Error ? error.message : String(error);
    throw new CodeModeError('invalid_config', `Cannot listen on ${url}: ${reason}`, {
      cause: error,
    });
  }
}

/** @throws Error if other machines could connect without a token. */
function refuseOpenDoors(endpoint: Endpoint, token: string | undefined): void {
  if (token !== undefined && endpoint.type !== 'ws') {
    throw new Error('--token-file only works with ws:HOST:PORT');
  }
  if (token === '') throw new Error('the token in --token-file is empty');
  if (endpoint.type === 'tcp' && !isLoopback(endpoint.host)) {
    throw new Error('TCP accepts loopback addresses only; use ws:HOST:PORT with --token-file');
  }
  if (endpoint.type === 'ws' && token === undefined && !isLoopback(endpoint.host)) {
    throw new Error('non-loopback addresses need a token; pass --token-file');
  }
}
