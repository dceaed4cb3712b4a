import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { endpointUrl, hostAndPort } from '../wire/endpoint.ts';
import { type Listener, type ListenOptions, makeListener, openServer } from './listener.ts';
import { streamTransport } from './stream-transport.ts';

/** TCP on a loopback address, which the caller has made sure of. */
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

/** The name `localhost` might stand for another machine; its address cannot. */
export function listenAddress(host: string): string {
  return host.toLowerCase() === 'localhost' ? '127.0.0.1' : host;
}

/** Where a server listens really. */
export function boundTo(server: Server): { readonly host: string; readonly port: number } {
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
}

/** Who is at the other end; one that is gone again has no address. */
export function remoteOf({ remoteAddress, remotePort }: Socket): string {
  return remoteAddress === undefined ? 'unknown' : hostAndPort(remoteAddress, remotePort ?? 0);
}
