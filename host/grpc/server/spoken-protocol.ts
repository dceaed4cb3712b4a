import type { Socket } from 'node:net';

/** How every client of HTTP/2 begins; no method of HTTP/1.1 does. */
const PREFACE = Buffer.from('PRI');

/** What a client speaks, from its first bytes, which stay to be read. */
export type SpokenProtocol = 'http2' | 'http1' | 'nothing';

/**
 * Waits for the first bytes of a client.
 *
 * @param withinMs After that, and when the client leaves, the answer is `nothing`.
 */
export function spokenProtocol(socket: Socket, withinMs: number): Promise<SpokenProtocol> {
  const { promise, resolve } = Promise.withResolvers<SpokenProtocol>();
  let seen = Buffer.alloc(0);
  const decide = (protocol: SpokenProtocol) => {
    clearTimeout(timer);
    socket.off('data', read).off('end', gone).off('close', gone);
    socket.pause();
    if (seen.length > 0) socket.unshift(seen);
    resolve(protocol);
  };
  const read = (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, PREFACE.length);
    if (!seen.subarray(0, length).equals(PREFACE.subarray(0, length))) decide('http1');
    else if (length === PREFACE.length) decide('http2');
  };
  const gone = () => decide('nothing');
  const timer = setTimeout(gone, withinMs);
  socket.on('data', read).on('end', gone).on('close', gone);
  return promise;
}
