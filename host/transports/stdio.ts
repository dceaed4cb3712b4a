import type { Transport } from '../wire/transport.ts';
import { type Listener, type ListenOptions, makeListener } from './listener.ts';
import { streamTransport } from './stream-transport.ts';
import type { TransportOptions } from './wire-transport.ts';

/** Messages over the standard streams of this process, which nobody else may use then. */
export function stdioTransport(options: TransportOptions = {}): Transport {
  return streamTransport('stdio', process.stdin, process.stdout, options);
}

/** One connection, which is there when this has returned. */
export function listenOnStdio(options: ListenOptions): Listener {
  const arrival = setImmediate(() => options.onConnection(stdioTransport(options)));
  return makeListener('stdio', () => clearImmediate(arrival));
}
