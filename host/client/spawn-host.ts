import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CodeModeError } from '../../src/errors.ts';
import { grpcPlace } from '../grpc/client/grpc-address.ts';
import { streamPlace, type TlsOptions } from '../grpc/client/place.ts';
import { spawnPiped } from '../io/spawn-piped.ts';
import { TextTail } from '../io/text-tail.ts';
import { dial } from '../transports/dial.ts';
import { streamTransport } from '../transports/stream-transport.ts';
import { connectGrpc } from './connect-grpc.ts';
import { type GreetOptions, HostClient } from './host-client.ts';

/** How to start a host process. */
export interface SpawnHostOptions extends GreetOptions {
  /** Program and arguments. Default: this package's own host, on the Node.js of this process. */
  readonly command?: readonly [string, ...string[]];
  /** Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** What it speaks. A command must say so to its program, as with `--listen grpc+stdio://`. Default: `json`. */
  readonly wire?: 'json' | 'grpc';
  /** How long the host may take to answer the first message, in milliseconds. Default 30,000. */
  readonly helloMs?: number;
}

/** How to reach a host. */
export interface ConnectOptions extends GreetOptions {
  /** The bearer token for the host, for WebSockets only. */
  readonly token?: string;
  /** Whom to trust and who this side is, for `https` only. Default: the authorities of Node.js. */
  readonly tls?: TlsOptions;
}

const HELLO_MS = 30_000;
const STDERR_LENGTH = 4_096;
/** How long a host may take to exit after its client has left. */
const END_MS = 5_000;
const NEVER = new AbortController().signal;

/**
 * Connects to a listening host.
 *
 * @param url `unix:PATH`, `tcp:HOST:PORT` or `ws:HOST:PORT`; for gRPC `http://HOST:PORT`,
 *   `https://HOST:PORT` or `grpc+unix:PATH`.
 * @throws `invalid_config` for any other address; `connection_lost`; `handshake_failed`; the signal's reason.
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<HostClient> {
  const { token, tls, signal = NEVER } = options;
  const place = grpcPlace(url, tls);
  if (place !== null) {
    refuse(url, 'a token', token);
    return connectGrpc(place, options);
  }
  refuse(url, 'tls', tls);
  const transport = await dial(url, { signal, ...(token === undefined ? {} : { token }) });
  return HostClient.connect(transport, options);
}

/**
 * Starts a host process and connects to its standard streams. The process exits when the client is
 * closed, and with this process.
 *
 * @throws `connection_lost` if it cannot be started or exits; `handshake_failed`; the signal's reason.
 */
export async function spawnHost(options: SpawnHostOptions = {}): Promise<HostClient> {
  options.signal?.throwIfAborted();
  const [program, ...args] = options.command ?? ownHost(options.wire);
  const child = spawnPiped(program, args, { env: options.env ?? process.env });
  const words = new TextTail(STDERR_LENGTH);
  child.stderr.setEncoding('utf8').on('data', (text: string) => words.push(text));
  const greet = greeting(child, options);
  try {
    await spawned(child, program);
    const client = await greet({ helloMs: HELLO_MS, ...options });
    void client.ended.then(() => endProcess(child));
    return client;
  } catch (error) {
    child.kill('SIGKILL');
    for (const stream of [child.stdin, child.stdout]) stream.destroy();
    const said = words.toString();
    if (said === '' || options.signal?.aborted || !(error instanceof CodeModeError)) throw error;
    throw new CodeModeError(error.code, `${error.message}; it said: ${said}`, { cause: error });
  }
}

/** Prepares to greet a host process. Its streams are listened to from now on. */
function greeting(
  child: ReturnType<typeof spawnPiped>,
  { wire }: SpawnHostOptions,
): (options: GreetOptions) => Promise<HostClient> {
  const name = `process ${child.pid}`;
  if (wire === 'grpc') {
    const place = streamPlace(name, child.stdout, child.stdin);
    return (options) => connectGrpc(place, options);
  }
  const transport = streamTransport(name, child.stdout, child.stdin);
  return (options) => HostClient.connect(transport, options);
}

function ownHost(wire: SpawnHostOptions['wire']): [string, ...string[]] {
  const launcher = fileURLToPath(new URL('bin/codex-code-mode-host.js', packageRoot()));
  const listen = wire === 'grpc' ? 'grpc+stdio://' : 'stdio';
  return [process.execPath, launcher, '--listen', listen, '--log-level', 'warn'];
}

/** @throws `invalid_config` for an option that is not for this address. */
function refuse(url: string, what: string, option: unknown): void {
  if (option === undefined) return;
  const wanted = what === 'tls' ? 'https://HOST:PORT' : 'a WebSocket, ws:HOST:PORT';
  const text = `Cannot connect to ${url.replace(/\?.*$/s, '?…')}: ${what} is only for ${wanted}`;
  throw new CodeModeError('invalid_config', text);
}

/** In the published package, this file is one folder deeper. */
function packageRoot(): URL {
  const depth = import.meta.url.endsWith('.ts') ? '../../' : '../../../';
  return new URL(depth, import.meta.url);
}

/** A host exits by itself when its client has left; otherwise it is killed. */
function endProcess(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS).unref();
  child.once('exit', () => clearTimeout(timer));
}

function spawned(child: ChildProcess, program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => {
      const text = `failed to spawn code-mode host ${program}: ${error.message}`;
      reject(new CodeModeError('connection_lost', text, { cause: error }));
    });
  });
}
