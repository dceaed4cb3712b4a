import type { Transport } from '../transport.ts';
import { type Listener, type ListenOptions, makeListener } from './listener.ts';
import { streamTransport } from './stream-transport.ts';
import type { TransportOptions } from './wire-transport.ts';

const ignore = () => {};

/** Messages over the standard streams of this process, which nobody else may use then. */
export function stdioTransport(options: TransportOptions = {}): Transport {
  const { stdin, stdout } = process;
  // Standard output outlives what destroys it: what is written to it later must not bring us down.
  if (!stdout.listeners('error').includes(ignore)) stdout.on('error', ignore);
  return streamTransport('stdio', stdin, stdout, options);
}

/** One connection, which is there when this has returned. */
export function listenOnStdio(options: ListenOptions): Listener {
  const arrival = setImmediate(() => options.onConnection(stdioTransport(options)));
  return makeListener('stdio', () => clearImmediate(arrival));
}
