import { setTimeout as after } from 'node:timers/promises';
import { messageOf } from '../../src/errors.ts';
import { DEFAULT_HOST_LIMITS } from '../core/host-limits.ts';
import type { HostLog } from '../core/host-log.ts';
import { greet } from '../server/greeting.ts';
import type { Host } from '../server/host.ts';
import type { Listener } from '../transports/listener.ts';
import { streamTransport } from '../transports/stream-transport.ts';
import { Connection } from '../wire/connection.ts';
import { type Endpoint, type GrpcEndpoint, isGrpc, parseServeEndpoint } from '../wire/endpoint.ts';
import { announce } from './announce.ts';
import type { CliIo } from './cli-io.ts';
import { checkGrpcOptions, type GrpcOptions } from './grpc-options.ts';
import { checkLogLevel, openLog } from './open-log.ts';
import { printLabelled } from './print.ts';
import { StopSignals } from './stop-signals.ts';
import { type ServedSandbox, sweep } from './sweep.ts';

/** What `cellhost serve` was told. */
export interface ServeOptions {
  /** As given with `--listen`. */
  readonly listen: string;
  /** Least important kind of log line that is written. */
  readonly logLevel: string;
  /** Path of the file with the token that WebSocket clients must send. */
  readonly tokenFile: string | undefined;
  readonly grpc: GrpcOptions;
}

/** Opens what programs run in. */
export type OpenSandbox = () => Promise<ServedSandbox>;

/** How long the rest of a start waits for the client's first message, in milliseconds. */
const HELLO_FIRST_MS = 20;

/**
 * Serves code-mode sessions until the client goes (standard streams), or until a signal.
 *
 * The first signal stops in good order: no new connections, every cell terminated, everybody
 * answered. The second one ends it now.
 *
 * @returns The exit code: 0 for a good end and after a signal, 1 for a broken connection, 2 for what could not be served.
 */
export async function serveCommand(
  options: ServeOptions,
  io: CliIo,
  openSandbox: OpenSandbox,
): Promise<number> {
  let endpoint: Endpoint | GrpcEndpoint;
  try {
    checkLogLevel(options.logLevel);
    endpoint = parseServeEndpoint(options.listen);
    checkGrpcOptions(endpoint, options);
  } catch (error) {
    printLabelled(io.stderr, 'cellhost:', messageOf(error));
    return 2;
  }
  using stop = new StopSignals(io);
  await using resources = new AsyncDisposableStack();
  const parts = () => openParts(options, io, openSandbox, resources);
  try {
    return await Promise.race([serve(endpoint, options, io, parts, stop), stop.forced]);
  } catch (error) {
    printLabelled(io.stderr, 'cellhost:', messageOf(error));
    return 2;
  }
}

/** Loads what is needed for an address, and no more. */
async function serve(
  endpoint: Endpoint | GrpcEndpoint,
  options: ServeOptions,
  io: CliIo,
  openParts: () => Promise<HostParts>,
  stop: StopSignals,
): Promise<number> {
  if (isGrpc(endpoint)) {
    // Its programs can start while the rest is loaded.
    const served = await openCore(openParts);
    const { serveGrpc } = await import('./serve-grpc.ts');
    return serveGrpc(served, endpoint, options.grpc, io, stop);
  }
  const openHost = async () => {
    const parts = await openParts();
    const { Host } = await import('../server/host.ts');
    return { host: new Host(parts), sandbox: parts.sandbox };
  };
  if (endpoint.type === 'stdio') return serveStreams(openHost, io, stop);
  return serveListener(await openHost(), endpoint, options, io, stop);
}

/** What a host is made from. */
interface HostParts {
  readonly sandbox: ServedSandbox;
  readonly log: HostLog;
}

/** A host, and what its programs run in. */
interface Served {
  readonly host: Host;
  readonly sandbox: ServedSandbox;
}

async function openParts(
  { logLevel }: ServeOptions,
  io: CliIo,
  openSandbox: OpenSandbox,
  resources: AsyncDisposableStack,
): Promise<HostParts> {
  const sandbox = resources.use(await openSandbox());
  const log = await openLog(logLevel, io.stderr);
  return { sandbox, log };
}

async function openCore(openParts: () => Promise<HostParts>) {
  const parts = await openParts();
  const { makeHostCore } = await import('../core/host-core.ts');
  return { core: makeHostCore(parts), sandbox: parts.sandbox };
}

/** Loading keeps this thread busy, so a client that says hello at once is answered before. */
async function serveStreams(
  openHost: () => Promise<Served>,
  io: CliIo,
  stop: StopSignals,
): Promise<number> {
  const connection = new Connection(streamTransport('stdio', io.stdin, io.stdout));
  const greeted = greet(connection, DEFAULT_HOST_LIMITS.helloMs);
  await Promise.race([greeted, after(HELLO_FIRST_MS)]);
  const served = await openHost();
  const ended = served.host.serveGreeted(connection, greeted);
  void stop.asked.then(() => sweep(served.sandbox, () => served.host.close()));
  const error = await ended;
  if (error === null) return 0;
  printLabelled(io.stderr, 'cellhost:', error.message);
  return stop.isAsked ? 0 : 1;
}

/** The first line of the output names the address, so that a port the system chose is known. */
async function serveListener(
  served: Served,
  endpoint: Endpoint,
  { tokenFile }: ServeOptions,
  io: CliIo,
  stop: StopSignals,
): Promise<number> {
  const { listen } = await import('../transports/listen.ts');
  const token = tokenFile === undefined ? undefined : await readTokenFrom(tokenFile);
  const listener: Listener = await listen(endpoint, {
    ...(token === undefined ? {} : { token }),
    onConnection: (transport) => void served.host.serve(transport),
  });
  const isTold = await announce(io.stdout, listener.url);
  if (isTold) await stop.asked;
  await Promise.all([listener.close(), sweep(served.sandbox, () => served.host.close())]);
  return isTold ? 0 : 2;
}

/** Loaded here, because it takes parts of Node.js that no client on standard streams should wait for. */
async function readTokenFrom(path: string): Promise<string> {
  const { readToken } = await import('./read-token.ts');
  return readToken(path);
}
