import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import type { Sandbox } from '../src/sandbox.ts';
import type { CliIo } from './cli-io.ts';
import { type Endpoint, parseListenEndpoint } from './endpoint.ts';
import { Host } from './server/host.ts';
import { type Listener, listen } from './transports/listen.ts';
import { streamTransport } from './transports/stream-transport.ts';

/** What `cellhost serve` was told. */
export interface ServeOptions {
  /** As given with `--listen`. */
  readonly listen: string;
  /** Least important kind of log line that is written. */
  readonly logLevel: string;
  /** Holds what clients have to show, where they connect over a WebSocket. */
  readonly tokenFile: string | undefined;
}

const STOPPING = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** How a process ends that somebody killed: 128 and the number of SIGTERM. */
const FORCED = 143;

/**
 * Serves code-mode sessions until the client goes (standard streams), or until a signal.
 *
 * The first signal stops in good order: no new connections, every cell terminated, everybody
 * answered. The second one ends it now.
 *
 * @returns The exit code: 0 for a good end, 1 for a broken connection, 2 for what could not be served.
 */
export async function serveCommand(
  options: ServeOptions,
  io: CliIo,
  openSandbox: () => Sandbox,
): Promise<number> {
  let endpoint: Endpoint;
  try {
    endpoint = parseListenEndpoint(options.listen);
  } catch (error) {
    io.stderr.write(`cellhost: ${messageOf(error)}\n`);
    return 2;
  }
  const stop = new StopSignals(io);
  const log = pino({ level: options.logLevel, base: null }, io.stderr);
  await using sandbox = openSandbox();
  const host = new Host({ sandbox, log });
  try {
    const served =
      endpoint.type === 'stdio'
        ? serveStreams(host, io, stop)
        : serveListener(host, await listenFor(host, endpoint, options), io, stop);
    return await Promise.race([served, stop.forced]);
  } catch (error) {
    io.stderr.write(`cellhost: ${messageOf(error)}\n`);
    return 2;
  } finally {
    stop[Symbol.dispose]();
  }
}

async function serveStreams(host: Host, io: CliIo, stop: StopSignals): Promise<number> {
  const ended = host.serve(streamTransport('stdio', io.stdin, io.stdout));
  void stop.asked.then(() => host.close());
  const error = await ended;
  if (error === null) return 0;
  io.stderr.write(`cellhost: ${error.message}\n`);
  return 1;
}

async function listenFor(
  host: Host,
  endpoint: Endpoint,
  { tokenFile }: ServeOptions,
): Promise<Listener> {
  const token = tokenFile === undefined ? undefined : (await readFile(tokenFile, 'utf8')).trim();
  return listen(endpoint, {
    ...(token === undefined ? {} : { token }),
    onConnection: (transport) => void host.serve(transport),
  });
}

/** The first line of the output names the address, so that a port the system chose is known. */
async function serveListener(
  host: Host,
  listener: Listener,
  io: CliIo,
  stop: StopSignals,
): Promise<number> {
  io.stdout.write(`${listener.url}\n`);
  await stop.asked;
  await Promise.all([listener.close(), host.close()]);
  return 0;
}

/** Signals that ask to stop: the first politely, the second at once. */
class StopSignals implements Disposable {
  readonly #io: CliIo;
  readonly #asked = Promise.withResolvers<void>();
  readonly #forced = Promise.withResolvers<number>();
  #count = 0;

  constructor(io: CliIo) {
    this.#io = io;
    for (const signal of STOPPING) io.signals.on(signal, this.#onSignal);
  }

  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  get forced(): Promise<number> {
    return this.#forced.promise;
  }

  [Symbol.dispose](): void {
    for (const signal of STOPPING) this.#io.signals.off(signal, this.#onSignal);
  }

  readonly #onSignal = (): void => {
    this.#count += 1;
    if (this.#count === 1) this.#asked.resolve();
    else this.#forced.resolve(FORCED);
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
