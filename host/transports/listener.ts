import { once } from 'node:events';
import type { Server, Socket, ListenOptions as SystemOptions } from 'node:net';
import { ignoreErrors } from '../io/ignore-errors.ts';
import type { Transport } from '../wire/transport.ts';
import type { TransportOptions } from './wire-transport.ts';

/** Options of a listener. */
export interface ListenOptions extends TransportOptions {
  /** Called with every connection, before anything is read from it. It must start or destroy the connection. */
  readonly onConnection: (transport: Transport) => void;
  /** An error that concerns no single connection, such as too many open files. Listening continues. */
  readonly onError?: (error: Error) => void;
  /** The bearer token that clients must send, for WebSockets only. Required if other machines can connect. */
  readonly token?: string;
}

/** Options of a listener for whatever is spoken over sockets. */
export interface SocketOptions {
  /** Called with every connection, before anything is read from it. Both directions end on their own. */
  readonly onSocket: (socket: Socket, peer: string) => void;
  /** See `ListenOptions`. */
  readonly onError?: ListenOptions['onError'];
}

/** A listening server. */
export interface Listener extends AsyncDisposable {
  /** The address, with the actual port. */
  readonly url: string;
  /** Stops accepting connections; existing ones stay open. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Makes a server listen.
 *
 * @throws The system's error if it cannot.
 */
export async function openServer(
  server: Server,
  where: SystemOptions,
  onError: ListenOptions['onError'],
): Promise<void> {
  ignoreErrors(server);
  server.listen(where);
  await once(server, 'listening');
  server.on('error', (error) => onError?.(error));
}

/** @param close Called once. */
export function makeListener(url: string, close: () => void): Listener {
  let isOpen = true;
  const closeOnce = async () => {
    if (!isOpen) return;
    isOpen = false;
    close();
  };
  return { url, close: closeOnce, [Symbol.asyncDispose]: closeOnce };
}
