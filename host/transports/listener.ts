import { once } from 'node:events';
import type { Server, ListenOptions as SystemOptions } from 'node:net';
import { ignoreErrors } from '../io/ignore-errors.ts';
import type { Transport } from '../wire/transport.ts';
import type { TransportOptions } from './wire-transport.ts';

/** Who hears of connections, and who may connect. */
export interface ListenOptions extends TransportOptions {
  /** Called with every connection, before anything is read from it; it has to start or destroy it. */
  readonly onConnection: (transport: Transport) => void;
  /** Trouble of no single connection, such as too many open files. Listening goes on. */
  readonly onError?: (error: Error) => void;
  /** What clients have to show, WebSocket only. Needed where others than this machine can connect. */
  readonly token?: string;
}

/** Somebody who can be connected to. */
export interface Listener extends AsyncDisposable {
  /** Where, with the real port. */
  readonly url: string;
  /** Lets nobody in any more; who is in stays. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Lets a server listen.
 *
 * @throws What the system says where it cannot.
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
