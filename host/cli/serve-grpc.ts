import type { HostCore } from '../core/host-core.ts';
import { GrpcServer } from '../grpc/server/grpc-server.ts';
import { JoinedStreams } from '../io/joined-streams.ts';
import type { GrpcPlace } from '../transports/listen-grpc.ts';
import type { GrpcEndpoint } from '../wire/endpoint.ts';
import { announce } from './announce.ts';
import type { CliIo } from './cli-io.ts';
import type { GrpcOptions } from './grpc-options.ts';
import { printLabelled } from './print.ts';
import type { StopSignals } from './stop-signals.ts';
import { type ServedSandbox, sweep } from './sweep.ts';

/** A host, and what its programs run in. */
interface Served {
  readonly core: HostCore;
  readonly sandbox: ServedSandbox;
}

/**
 * Serves sessions over gRPC until the client goes (standard streams), or until a signal.
 *
 * @returns The exit code; see `serveCommand`.
 */
export async function serveGrpc(
  served: Served,
  endpoint: GrpcEndpoint,
  options: GrpcOptions,
  io: CliIo,
  stop: StopSignals,
): Promise<number> {
  const server = new GrpcServer(served.core, { route: options.route });
  return endpoint.type === 'grpc+stdio'
    ? serveStreams(server, served, io, stop)
    : serveListener(server, served, endpoint, options, io, stop);
}

async function serveStreams(
  server: GrpcServer,
  served: Served,
  io: CliIo,
  stop: StopSignals,
): Promise<number> {
  const ended = server.serve(new JoinedStreams(io.stdin, io.stdout), 'stdio');
  void stop.asked.then(() => sweep(served.sandbox, () => served.core.connections.close()));
  const error = await ended;
  if (error === null || stop.isAsked) return 0;
  printLabelled(io.stderr, 'cellhost:', error.message);
  return 1;
}

/** After the first signal, sessions that are open may stay for a while, so that a fleet loses none. */
async function serveListener(
  server: GrpcServer,
  served: Served,
  place: GrpcPlace,
  { tlsCert: cert, tlsKey: key, tlsClientCa: clientCa, trustNetwork, drainMs = 0 }: GrpcOptions,
  io: CliIo,
  stop: StopSignals,
): Promise<number> {
  const { listenForGrpc } = await import('../transports/listen-grpc.ts');
  const tls =
    cert === undefined || key === undefined
      ? {}
      : { tls: { cert, key, ...(clientCa === undefined ? {} : { clientCa }) } };
  const listener = await listenForGrpc(
    place,
    { ...tls, trustsNetwork: trustNetwork },
    { onSocket: (socket, peer) => server.accept(socket, peer) },
  );
  const isTold = await announce(io.stdout, listener.url);
  if (isTold) {
    await stop.asked;
    await server.drain(drainMs);
  }
  await Promise.all([
    listener.close(),
    sweep(served.sandbox, () => served.core.connections.close()),
  ]);
  return isTold ? 0 : 2;
}
