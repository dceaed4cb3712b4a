import { isIPv6 } from 'node:net';
import { CodeModeError } from '../../../src/errors.ts';
import { type Place, type TlsOptions, tcpPlace, tlsPlace, unixPlace } from './place.ts';

/**
 * The place of a gRPC host: `http://HOST:PORT`, `grpc://HOST:PORT`, `https://HOST:PORT` or
 * `grpc+unix:PATH`. A missing port is 80, or 443 with TLS.
 *
 * @param tls For `https` only.
 * @returns Null for an address of another kind.
 * @throws `invalid_config`.
 */
export function grpcPlace(url: string, tls: TlsOptions | undefined): Place | null {
  const [, scheme, rest] = /^(https?|grpc|grpc\+unix):(.*)$/is.exec(url) ?? [];
  if (scheme === undefined || rest === undefined) return null;
  const fail = (why: string) => {
    const text = `Cannot connect to ${shown(url)}: ${why}`;
    return new CodeModeError('invalid_config', text);
  };
  const isSecure = scheme.toLowerCase() === 'https';
  if (tls !== undefined && !isSecure) throw fail('options of TLS are for https://HOST:PORT');
  if (scheme.toLowerCase() === 'grpc+unix') {
    const path = rest.startsWith('///') ? rest.slice(2) : rest;
    if (path === '' || path.startsWith('//')) throw fail('it names no path');
    return unixPlace(`grpc+unix:${path}`, path);
  }
  // The parser gives other schemes no host.
  const parsed = URL.parse(`http${isSecure ? 's' : ''}:${rest}`);
  if (parsed === null || !rest.startsWith('//')) throw fail('it names no host');
  const { username, password, pathname, search, hash, hostname, port } = parsed;
  if (username + password + search + hash !== '' || pathname !== '/') {
    throw fail('only a host and a port are wanted: no user, path or query');
  }
  const host = unbracketed(hostname);
  const name = `${isSecure ? 'https' : 'http'}://${parsed.host}`;
  if (isSecure) return tlsPlace(name, host, Number(port || 443), tls ?? {});
  return tcpPlace(name, host, Number(port || 80));
}

function unbracketed(hostname: string): string {
  const inside = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIPv6(inside) ? inside : hostname;
}

/** Without possible secrets. */
function shown(url: string): string {
  const plain = url.includes('@') ? '…@…' : url.replace(/[?#].*$/s, '?…');
  return JSON.stringify(plain.length > 200 ? `${plain.slice(0, 200)}…` : plain);
}
