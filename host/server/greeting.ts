import { startTimer } from '../../src/waiting/timer.ts';
import { OWN_CAPABILITIES, V1_CAPABILITIES } from '../wire/capabilities.ts';
import { type Connection, LARGE_MESSAGE_BYTES } from '../wire/connection.ts';
import { answerHello } from '../wire/handshake.ts';

/** The result of greeting a client. */
export type Greeted =
  /** The client was answered. Its connection is paused until `Connection.take`. */
  | { readonly type: 'ready'; readonly capabilities: ReadonlySet<string> }
  /** The connection ended during the greeting. Null after a clean end. */
  | { readonly type: 'ended'; readonly error: Error | null };

const SUPPORTED: readonly string[] = [...V1_CAPABILITIES, ...OWN_CAPABILITIES];

/**
 * Starts a connection and answers the client's first message. This file imports very little, so that
 * a client is answered before the rest of the host is loaded.
 *
 * @param helloMs How long the client may stay silent, in milliseconds.
 */
export function greet(connection: Connection, helloMs: number): Promise<Greeted> {
  const { promise, resolve } = Promise.withResolvers<Greeted>();
  const silent = new Error(`No hello came within ${helloMs} ms (helloMs)`);
  const timer = startTimer(() => connection.fail(silent), helloMs);
  connection.start({
    message: (value) => {
      const hello = answerHello(value, SUPPORTED);
      clearTimeout(timer);
      connection.pause();
      connection.send(hello);
      if (hello.type === 'connection/rejected') return void connection.close();
      resolve({ type: 'ready', capabilities: new Set(hello.capabilities) });
    },
    large: () => {
      throw new Error(`Cannot read a hello: it has ${LARGE_MESSAGE_BYTES} bytes or more`);
    },
    closed: (error) => {
      clearTimeout(timer);
      resolve({ type: 'ended', error });
    },
  });
  return promise;
}
