import type { CallOutlet } from '../core/outgoing-calls.ts';
import type { Connection } from '../wire/connection.ts';
import type { JsonCall } from './outgoing-delegate.ts';

/**
 * Sends calls in the form of version 1.
 *
 * @param hasCellsCapability Whether the client wants to know why a call is cancelled.
 */
export function jsonCallOutlet(
  connection: Connection,
  hasCellsCapability: boolean,
): CallOutlet<JsonCall> {
  return {
    send: (id, { tail }) => {
      const head = `{"type":"delegate/request","id":${id},`;
      try {
        if (typeof tail !== 'string') {
          const { pieces, length } = tail;
          return connection.sendPieces(messagePieces(head, pieces), () => length)?.catch(refuse);
        }
        connection.sendText(`${head}${tail}}`);
        return undefined;
      } catch (error) {
        return refuse(error);
      }
    },
    cancel: (id, reason) =>
      connection.send(
        hasCellsCapability
          ? { type: 'delegate/cancel', id, reason }
          : { type: 'delegate/cancel', id },
      ),
    drained: () => connection.drained(),
  };
}

function* messagePieces(head: string, tail: Iterable<string | Buffer>) {
  yield head;
  yield* tail;
  yield '}';
}

function refuse(error: unknown): never {
  const why = (error as Error).message;
  throw new Error(`code-mode delegate request exceeds the IPC frame limit: ${why}`);
}
