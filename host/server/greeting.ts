import { startTimer } from '../../src/waiting/timer.ts';
import { OWN_CAPABILITIES, V1_CAPABILITIES } from '../wire/capabilities.ts';
import type { Connection } from '../wire/connection.ts';
import { answerHello } from '../wire/handshake.ts';

/** How a client's greeting went. */
export type Greeted =
  /** The client was answered; its connection rests until somebody takes it. */
  | { readonly type: 'ready'; readonly capabilities: ReadonlySet<string> }
  /** The connection is over before it began. Null where that is nobody's fault. */
  | { readonly type: 'ended'; readonly error: Error | null };

const SUPPORTED: readonly string[] = [...V1_CAPABILITIES, ...OWN_CAPABILITIES];

/**
 * Starts a connection and answers the client's first message. Needs next to nothing, so that a
 * host can be ready before the rest of it is loaded.
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
    closed: (error) => {
      clearTimeout(timer);
      resolve({ type: 'ended', error });
    },
  });
  return promise;
}
