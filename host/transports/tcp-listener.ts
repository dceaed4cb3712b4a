import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { endpointUrl, hostAndPort } from '../wire/endpoint.ts';
import { type Listener, type ListenOptions, makeListener, openServer } from './listener.ts';
import { streamTransport } from './stream-transport.ts';

/** TCP on a loopback address, as the caller has checked. */
export async function listenOnTcp(
  host: string,
  port: number,
  options: ListenOptions,
): Promise<Listener> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    options.onConnection(streamTransport(`tcp:${remoteOf(socket)}`, socket, socket, options)),
  );
  await openServer(server, { host: listenAddress(host), port }, options.onError);
  const url = endpointUrl({ type: 'tcp', ...boundTo(server) });
  return makeListener(url, () => server.close());
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
