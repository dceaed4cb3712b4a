import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectSocket, isIP } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { ignoreErrors } from '../../io/ignore-errors.ts';
import { JoinedStreams } from '../../io/joined-streams.ts';

/** What TLS needs to know: whom to trust, whom to expect, and who this side is. */
export type TlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername'>;

/** Where a host is. */
export interface Place {
  /** Names it in errors. */
  readonly url: string;
  /** Connects. The session reports by itself if that fails. */
  dial(): ClientHttp2Session;
  /** Whether `dial` can be called again. */
  readonly isLasting: boolean;
}

const WINDOW_BYTES = 2 << 20;
const SETTINGS = {
  enablePush: false,
  initialWindowSize: WINDOW_BYTES,
  maxHeaderListSize: 16_384,
} as const;
/** In megabytes: messages of 64 MiB may wait to be sent. */
const SESSION_MEMORY = 4_096;

/** A host that listens at a TCP port. */
export function tcpPlace(url: string, host: string, port: number): Place {
  const socket = () => connectSocket({ host, port, noDelay: true });
  return lasting(url, url, socket);
}

/** A host behind TLS. */
export function tlsPlace(url: string, host: string, port: number, options: TlsOptions): Place {
  const name = isIP(host) === 0 ? { servername: host } : {};
  const all = { ...name, ...options, host, port, ALPNProtocols: ['h2'] };
  const socket = () => {
    const secure = connectTls(all);
    secure.setNoDelay();
    secure.once('secureConnect', () => {
      if (secure.alpnProtocol === 'h2') return;
      secure.destroy(new Error('the other end does not speak HTTP/2 (ALPN h2)'));
    });
    return secure;
  };
  return lasting(url, url, socket);
}

/** A host that listens at a Unix socket. */
export function unixPlace(url: string, path: string): Place {
  return lasting(url, 'http://localhost', () => connectSocket({ path }));
}

/** A host at the other end of two streams, which belong to the connection from now on. */
export function streamPlace(url: string, input: Readable, output: Writable): Place {
  const dial = () => open('http://code-mode-host', () => new JoinedStreams(input, output));
  return { url, dial, isLasting: false };
}

function lasting(url: string, authority: string, socket: () => Duplex): Place {
  return { url, dial: () => open(authority, socket), isLasting: true };
}

function open(authority: string, createConnection: () => Duplex): ClientHttp2Session {
  const socket = createConnection();
  const session = connectHttp2(authority, {
    createConnection: () => socket,
    settings: SETTINGS,
    maxSessionMemory: SESSION_MEMORY,
  });
  for (const each of [socket, session]) ignoreErrors(each);
  // Node.js does not end a socket that TLS refuses after its handshake, as for want of a certificate.
  socket.on('error', (error) => socket.destroy(error));
  // The window of the connection: several streams may send at once.
  session.once('connect', () => {
    if (!session.destroyed) session.setLocalWindowSize(4 * WINDOW_BYTES);
  });
  return session;
}
