import { readFile } from 'node:fs/promises';
import type { TlsOptions } from 'node:tls';
import { CodeModeError, messageOf } from '../../src/errors.ts';
import { fileProblem } from '../io/file-problem.ts';
import { endpointUrl, type GrpcEndpoint, hostAndPort, isLoopback } from '../wire/endpoint.ts';
import type { Listener, SocketOptions } from './listener.ts';
import { listenOnTcp } from './tcp-listener.ts';
import { listenOnUnix } from './unix-listener.ts';

/** Who may connect to a listener for gRPC, and how. */
export interface GrpcAccess {
  /** Paths of the certificate and its key, in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  /** Whether everybody who can reach the address may connect. */
  readonly trustsNetwork: boolean;
}

/** A place to listen at. Standard streams are none. */
export type GrpcPlace = Exclude<GrpcEndpoint, { type: 'grpc+stdio' }>;

/** How long the beginning of an encrypted connection may take, in milliseconds. */
const HANDSHAKE_MS = 10_000;

/**
 * Starts listening for clients that speak gRPC.
 *
 * Sockets in the file system accept only their owner; TCP without encryption only this machine, unless
 * the network is trusted.
 *
 * @throws CodeModeError `invalid_config` if listening is not allowed or fails.
 */
export async function listenForGrpc(
  place: GrpcPlace,
  { tls, trustsNetwork }: GrpcAccess,
  options: SocketOptions,
): Promise<Listener> {
  const url = endpointUrl(place);
  try {
    if (place.type === 'grpc+unix') return await listenOnUnix(place.path, url, options);
    const { host, port } = place;
    if (tls === undefined && !trustsNetwork && !isLoopback(host)) {
      throw new Error(
        'other machines could connect; pass --tls-cert and --tls-key, or --trust-network',
      );
    }
    const scheme = tls === undefined ? 'http' : 'https';
    return await listenOnTcp(host, port, {
      ...options,
      urlOf: (boundHost, boundPort) => `${scheme}://${hostAndPort(boundHost, boundPort)}`,
      peerOf: (address) => `${scheme}://${address}`,
      ...(tls === undefined ? {} : { tls: await readTls(tls) }),
    });
  } catch (error) {
    const text = `Cannot listen on ${url}: ${messageOf(error)}`;
    throw new CodeModeError('invalid_config', text, { cause: error });
  }
}

async function readTls({ cert, key, clientCa }: NonNullable<GrpcAccess['tls']>) {
  const options: TlsOptions = {
    cert: await read(cert, '--tls-cert'),
    key: await read(key, '--tls-key'),
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: HANDSHAKE_MS,
  };
  if (clientCa === undefined) return options;
  const ca = await read(clientCa, '--tls-client-ca');
  return { ...options, ca, requestCert: true, rejectUnauthorized: true };
}

async function read(path: string, flag: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Error(`cannot read ${path} (${flag}): ${fileProblem(error)}`, { cause: error });
  }
}
