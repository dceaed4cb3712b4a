import type { Transport } from '../wire/transport.ts';
import { type Listener, type ListenOptions, makeListener } from './listener.ts';
import { streamTransport } from './stream-transport.ts';
import type { TransportOptions } from './wire-transport.ts';

/** Messages over the standard streams of this process. Nothing else may use the streams then. */
export function stdioTransport(options: TransportOptions = {}): Transport {
  return streamTransport('stdio', process.stdin, process.stdout, options);
}

/** A listener with one connection, which exists when this returns. */
export function listenOnStdio(options: ListenOptions): Listener {
  const arrival = setImmediate(() => options.onConnection(stdioTransport(options)));
  return makeListener('stdio', () => clearImmediate(arrival));
}
