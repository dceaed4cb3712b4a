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

const ACCEPTED = 'stdio, unix:PATH, tcp:HOST:PORT and ws://HOST:PORT';
const USE_WEBSOCKET = 'use ws://HOST:PORT';
const MAX_PORT = 65_535;

/** Unsupported schemes of other hosts, and what to use instead. */
const REFUSED: Readonly<Record<string, string>> = {
  grpc: `gRPC is not spoken here; ${USE_WEBSOCKET}`,
  'grpc+stdio': 'gRPC is not spoken here; use stdio',
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
  return parse('listen on', text);
}

/**
 * Parses an address to connect to, like `parseListenEndpoint`, but without port 0.
 *
 * @throws CodeModeError `invalid_config`.
 */
export function parseConnectEndpoint(text: string): Endpoint {
  const endpoint = parse('connect to', text);
  if ('port' in endpoint && endpoint.port === 0) {
    throw refusal('connect to', text, 'port 0 is not a valid target');
  }
  return endpoint;
}

/** The text form of this endpoint. */
export function endpointUrl(endpoint: Endpoint): string {
  switch (endpoint.type) {
    case 'stdio':
      return 'stdio';
    case 'unix':
      return `unix:${endpoint.path}`;
    case 'tcp':
      return `tcp:${hostAndPort(endpoint.host, endpoint.port)}`;
    case 'ws':
      return `ws://${hostAndPort(endpoint.host, endpoint.port)}`;
  }
}

/** `HOST:PORT`, with an IPv6 address in brackets. */
export function hostAndPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether it can only be this machine: a loopback address, or `localhost`. */
export function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

function parse(purpose: string, text: string): Endpoint {
  if (text === 'stdio' || text === 'stdio://') return { type: 'stdio' };
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) throw refusal(purpose, text, 'no such scheme');
  switch (scheme.toLowerCase()) {
    case 'unix':
      return { type: 'unix', path: parsePath(purpose, text, rest) };
    case 'tcp':
      return { type: 'tcp', ...parseHost(purpose, text, rest) };
    case 'ws':
      return { type: 'ws', ...parseHost(purpose, text, rest) };
  }
  const known = Object.hasOwn(REFUSED, scheme.toLowerCase());
  throw refusal(purpose, text, known ? REFUSED[scheme.toLowerCase()]! : 'no such scheme');
}

function parsePath(purpose: string, text: string, rest: string): string {
  if (rest === '' || rest === '//') throw refusal(purpose, text, 'it names no path');
  if (rest.includes('\0')) throw refusal(purpose, text, 'a path cannot contain a zero byte');
  if (!rest.startsWith('//')) return rest;
  if (rest.startsWith('///')) return rest.slice(2);
  throw refusal(purpose, text, 'after unix:// comes a path that begins with /');
}

function parseHost(purpose: string, text: string, rest: string) {
  const place = rest.startsWith('//') ? rest.slice(2).replace(/\/$/, '') : rest;
  if (/[@?#/]/.test(place)) {
    throw refusal(purpose, text, 'only a host and a port are wanted: no user, path or query');
  }
  const [, bracketed, name, digits] = /^(?:\[(.*)\]|([a-z0-9._-]+)):(\d{1,5})$/i.exec(place) ?? [];
  const host = bracketed ?? name;
  const port = Number(digits);
  const isHost = bracketed === undefined || (isIPv6(bracketed) && !bracketed.includes('%'));
  if (host !== undefined && isHost && port <= MAX_PORT) return { host, port };
  const wanted = `HOST:PORT is wanted, a port of 0 to ${MAX_PORT} and an IPv6 address in brackets`;
  throw refusal(purpose, text, wanted);
}

function refusal(purpose: string, text: string, why: string): CodeModeError {
  const message = `Cannot ${purpose} ${shown(text)}: ${why}. Accepted are ${ACCEPTED}`;
  return new CodeModeError('invalid_config', message);
}

/** Without possible secrets: users, passwords, queries, fragments. */
function shown(text: string): string {
  const plain = text.includes('@') ? '…@…' : text.replace(/[?#].*$/s, '?…');
  return JSON.stringify(plain.length > 200 ? `${plain.slice(0, 200)}…` : plain);
}
