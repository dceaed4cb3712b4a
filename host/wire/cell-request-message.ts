import { isCellId, isSessionId } from '../../src/runtime/check-arguments.ts';
import { hasFields, isAmount, isTokens, operationIn } from './plain-fields.ts';
import type { ClientMessage, Operation } from './protocol.ts';

/** A client's request to wait for a cell, or to terminate one. */
export type CellRequestMessage = Extract<ClientMessage, { type: 'operation/request' }> & {
  readonly request: Extract<Operation, { method: 'session/wait' | 'session/terminate' }>;
};

/**
 * Whether a message is exactly a request to wait for a cell or to terminate one, field by field,
 * without the extensions of this project.
 *
 * Checked by hand, because somebody waits for a cell to stop, and the schema would take a tenth of the
 * time in which the first cell of a host does. Messages that fail this check go to the schema.
 */
export function isCellRequest(message: unknown): message is CellRequestMessage {
  const operation = operationIn(message);
  if (typeof operation !== 'object' || operation === null) return false;
  const bounds = 'maxOutputTokens' in operation ? 1 : 0;
  if (!hasFields(operation, 3 + bounds) || !isSessionId(operation.sessionId)) return false;
  if (bounds === 1 && !isTokens(operation.maxOutputTokens)) return false;
  if (operation.method === 'session/terminate') return isCellId(operation.cellId);
  return operation.method === 'session/wait' && isWait(operation.request);
}

function isWait(request: unknown): boolean {
  return hasFields(request, 2) && isCellId(request.cell_id) && isAmount(request.yield_time_ms);
}
