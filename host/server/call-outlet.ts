import type { CallOutlet } from '../core/outgoing-calls.ts';
import type { Connection } from '../wire/connection.ts';
import type { JsonCall } from './outgoing-delegate.ts';

const END = Buffer.from('}');

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
      try {
        const head = `{"type":"delegate/request","id":${id},`;
        if (typeof tail === 'string') connection.sendText(`${head}${tail}}`);
        else connection.sendParts([Buffer.from(head), ...tail, END]);
      } catch (error) {
        const why = (error as Error).message;
        throw new Error(`code-mode delegate request exceeds the IPC frame limit: ${why}`);
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
