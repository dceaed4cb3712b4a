import { BlockList, isIP, isIPv6 } from 'node:net';
import { CodeModeError } from '../../src/errors.ts';

/** The address at which a host listens. */
export type Endpoint =
  /** The standard streams of this process. */
  | { readonly type: 'stdio' }
  /** A socket in the file system. */
  | { readonly type: 'unix'; readonly path: string }
  /** A name or an address; an IPv6 address without brackets. */
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | { readonly type: 'ws'; readonly host: string; readonly port: number };

/** The address at which a host speaks gRPC. */
export type GrpcEndpoint =
  /** The standard streams of this process. */
  | { readonly type: 'grpc+stdio' }
  /** A socket in the file system. */
  | { readonly type: 'grpc+unix'; readonly path: string }
  | { readonly type: 'grpc'; readonly host: string; readonly port: number };

const FRAMES = 'stdio, unix:PATH, tcp:HOST:PORT and ws://HOST:PORT';
const ALL =
  'stdio, unix:PATH, tcp:HOST:PORT, ws://HOST:PORT, grpc+stdio://, grpc+unix:PATH and grpc://HOST:PORT';
const USE_WEBSOCKET = 'use ws://HOST:PORT';
const MAX_PORT = 65_535;

/** Unsupported schemes of other hosts, and what to use instead. */
const REFUSED: Readonly<Record<string, string>> = {
  http: `HTTP is not spoken here; ${USE_WEBSOCKET}`,
  https: `HTTPS is not spoken here; ${USE_WEBSOCKET}`,
  wss: `TLS is not spoken here; ${USE_WEBSOCKET}, or a proxy that speaks it`,
};

/**
 * Parses an address to listen at: `stdio`, `unix:PATH`, `tcp:HOST:PORT` or `ws://HOST:PORT`. Port 0
 * means any free port.
 *
 * @throws CodeModeError `invalid_config`; the message names what is accepted.
 */
export function parseListenEndpoint(text: string): Endpoint {
  return framesOnly('listen on', text);
}

/**
 * Parses an address to listen at, as `parseListenEndpoint` does, or one for gRPC: `grpc+stdio://`,
 * `grpc+unix:PATH` or `grpc://HOST:PORT`.
 *
 * @throws CodeModeError `invalid_config`; the message names what is accepted.
 */
export function parseServeEndpoint(text: string): Endpoint | GrpcEndpoint {
  return parse('listen on', text, ALL);
}

/**
 * Parses an address to connect to, like `parseListenEndpoint`, but without port 0.
 *
 * @throws CodeModeError `invalid_config`.
 */
export function parseConnectEndpoint(text: string): Endpoint {
  const endpoint = framesOnly('connect to', text);
  if ('port' in endpoint && endpoint.port === 0) {
    throw refusal('connect to', text, 'port 0 is not a valid target', FRAMES);
  }
  return endpoint;
}

/** The text form of this endpoint. */
export function endpointUrl(endpoint: Endpoint | GrpcEndpoint): string {
  switch (endpoint.type) {
    case 'stdio':
      return 'stdio';
    case 'unix':
      return `unix:${endpoint.path}`;
    case 'tcp':
      return `tcp:${hostAndPort(endpoint.host, endpoint.port)}`;
    case 'ws':
      return `ws://${hostAndPort(endpoint.host, endpoint.port)}`;
    case 'grpc+stdio':
      return 'grpc+stdio://';
    case 'grpc+unix':
      return `grpc+unix:${endpoint.path}`;
    case 'grpc':
      return `grpc://${hostAndPort(endpoint.host, endpoint.port)}`;
  }
}

/** `HOST:PORT`, with an IPv6 address in brackets. */
export function hostAndPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Made at the first question, because a client that greets a host does not wait for it. */
let loopback: BlockList | undefined;

/** Whether it can only be this machine: a loopback address, or `localhost`. */
export function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === 'localhost';
  loopback ??= loopbackAddresses();
  return loopback.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

function loopbackAddresses(): BlockList {
  const addresses = new BlockList();
  addresses.addSubnet('127.0.0.0', 8, 'ipv4');
  addresses.addAddress('::1', 'ipv6');
  return addresses;
}

function framesOnly(purpose: string, text: string): Endpoint {
  const endpoint = parse(purpose, text, FRAMES);
  if (!isGrpc(endpoint)) return endpoint;
  const instead = endpoint.type === 'grpc+stdio' ? 'use stdio' : USE_WEBSOCKET;
  throw refusal(purpose, text, `gRPC is not spoken here; ${instead}`, FRAMES);
}

/** Whether gRPC is spoken there. */
export function isGrpc(endpoint: Endpoint | GrpcEndpoint): endpoint is GrpcEndpoint {
  return endpoint.type.startsWith('grpc');
}

function parse(purpose: string, text: string, accepted: string): Endpoint | GrpcEndpoint {
  const fail = (why: string): never => {
    throw refusal(purpose, text, why, accepted);
  };
  if (text === 'stdio' || text === 'stdio://') return { type: 'stdio' };
  const [, name, rest] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? [];
  if (name === undefined || rest === undefined) return fail('no such scheme');
  const scheme = name.toLowerCase();
  switch (scheme) {
    case 'unix':
    case 'grpc+unix':
      return { type: scheme, path: parsePath(rest, fail) };
    case 'tcp':
    case 'ws':
    case 'grpc':
      return { type: scheme, ...parseHost(rest, fail) };
    case 'grpc+stdio':
      return rest === '//' ? { type: scheme } : fail('nothing comes after grpc+stdio://');
  }
  return fail(Object.hasOwn(REFUSED, scheme) ? REFUSED[scheme]! : 'no such scheme');
}

/** Refuses an address, for this reason. */
type Fail = (why: string) => never;

function parsePath(rest: string, fail: Fail): string {
  if (rest === '' || rest === '//') return fail('it names no path');
  if (rest.includes('\0')) return fail('a path cannot contain a zero byte');
  if (!rest.startsWith('//')) return rest;
  if (rest.startsWith('///')) return rest.slice(2);
  return fail('after :// comes a path that begins with /');
}

function parseHost(rest: string, fail: Fail) {
  const place = rest.startsWith('//') ? rest.slice(2).replace(/\/$/, '') : rest;
  if (/[@?#/]/.test(place)) {
    return fail('only a host and a port are wanted: no user, path or query');
  }
  const [, bracketed, name, digits] = /^(?:\[(.*)\]|([a-z0-9._-]+)):(\d{1,5})$/i.exec(place) ?? [];
  const host = bracketed ?? name;
  const port = Number(digits);
  const isHost = bracketed === undefined || (isIPv6(bracketed) && !bracketed.includes('%'));
  if (host !== undefined && isHost && port <= MAX_PORT) return { host, port };
  return fail(`HOST:PORT is wanted, a port of 0 to ${MAX_PORT} and an IPv6 address in brackets`);
}

function refusal(purpose: string, text: string, why: string, accepted: string): CodeModeError {
  const message = `Cannot ${purpose} ${shown(text)}: ${why}. Accepted are ${accepted}`;
  return new CodeModeError('invalid_config', message);
}

/** Without possible secrets: users, passwords, queries, fragments. */
function shown(text: string): string {
  const plain = text.includes('@') ? '…@…' : text.replace(/[?#].*$/s, '?…');
  return JSON.stringify(plain.length > 200 ? `${plain.slice(0, 200)}…` : plain);
}
