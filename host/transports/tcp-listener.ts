import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer, type TlsOptions } from 'node:tls';
import { ignoreErrors } from '../io/ignore-errors.ts';
import { hostAndPort } from '../wire/endpoint.ts';
import { type Listener, makeListener, openServer, type SocketOptions } from './listener.ts';

/** Options of a listener on TCP. */
export interface TcpOptions extends SocketOptions {
  /** The address, by the actual place. */
  readonly urlOf: (host: string, port: number) => string;
  /** The name of a peer, by its address. */
  readonly peerOf: (address: string) => string;
  /** Encrypts the connections. A client that does not manage to is dropped. */
  readonly tls?: TlsOptions;
}

/** Silence after which the system asks whether a peer is still there, in milliseconds. */
const KEEP_ALIVE_MS = 30_000;
const SOCKET = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
} as const;

/** TCP on an address that the caller has checked. */
export async function listenOnTcp(
  host: string,
  port: number,
  options: TcpOptions,
): Promise<Listener> {
  const { onSocket, peerOf, urlOf, tls, onError } = options;
  const connected = (socket: Socket) => {
    ignoreErrors(socket);
    onSocket(socket, peerOf(remoteOf(socket)));
  };
  const server =
    tls === undefined
      ? createServer(SOCKET, connected)
      : createSecureServer({ ...SOCKET, ...tls }, connected);
  await openServer(server, { host: listenAddress(host), port }, onError);
  const bound = boundTo(server);
  return makeListener(urlOf(bound.host, bound.port), () => server.close());
}

/** The name `localhost` could resolve to another machine; its address cannot. */
export function listenAddress(host: string): string {
  return host.toLowerCase() === 'localhost' ? '127.0.0.1' : host;
}

/** The actual address of a server. */
export function boundTo(server: Server): { readonly host: string; readonly port: number } {
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
}

/** The address of the other end; a peer that has left has none. */
export function remoteOf({ remoteAddress, remotePort }: Socket): string {
  return remoteAddress === undefined ? 'unknown' : hostAndPort(remoteAddress, remotePort ?? 0);
}
