import { CodeModeError } from '../../src/errors.ts';
import { type Endpoint, type GrpcEndpoint, isGrpc } from '../wire/endpoint.ts';

/** What `cellhost serve` was told about gRPC. */
export interface GrpcOptions {
  /** Paths of PEM files. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsClientCa: string | undefined;
  /** Whether everybody who can reach the address may connect. */
  readonly trustNetwork: boolean;
  /** Sent with the answer to OpenSession. */
  readonly route: string | undefined;
  /** How long sessions may stay after a signal, in milliseconds. */
  readonly drainMs: number | undefined;
}

/** What fits in a header and needs no quoting. */
const ROUTE = /^[\x21-\x7e]{1,1024}$/;

/** @throws `invalid_config` if the options contradict each other or the address; the message names the flag. */
export function checkGrpcOptions(
  endpoint: Endpoint | GrpcEndpoint,
  { grpc, tokenFile }: { readonly grpc: GrpcOptions; readonly tokenFile: string | undefined },
): void {
  const { tlsCert, tlsKey, tlsClientCa, trustNetwork, route, drainMs } = grpc;
  const onTcp = { '--tls-cert': tlsCert, '--tls-key': tlsKey, '--tls-client-ca': tlsClientCa };
  if (endpoint.type !== 'grpc') {
    const flag = trustNetwork ? '--trust-network' : firstSet(onTcp);
    if (flag !== undefined) throw invalid(`${flag} only works with grpc://HOST:PORT`);
  }
  if (endpoint.type !== 'grpc' && endpoint.type !== 'grpc+unix') {
    const flag = firstSet({ '--route': route, '--drain-ms': drainMs });
    if (flag !== undefined) {
      throw invalid(`${flag} only works with grpc://HOST:PORT and grpc+unix:PATH`);
    }
  }
  if (isGrpc(endpoint) && tokenFile !== undefined) {
    throw invalid('--token-file only works with ws:HOST:PORT');
  }
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw invalid('--tls-cert and --tls-key only work together');
  }
  if (tlsClientCa !== undefined && tlsCert === undefined) {
    throw invalid('--tls-client-ca only works with --tls-cert and --tls-key');
  }
  if (route !== undefined && !ROUTE.test(route)) {
    throw invalid('--route must consist of 1 to 1,024 visible ASCII characters');
  }
}

function firstSet(flags: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(flags).find((flag) => flags[flag] !== undefined);
}

function invalid(why: string): CodeModeError {
  return new CodeModeError('invalid_config', `Cannot serve: ${why}`);
}
