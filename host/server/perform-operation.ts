import type { CellSummary, WaitOptions } from '../../src/session.ts';
import type { HostedSession } from '../core/hosted-session.ts';
import type { SessionTable } from '../core/session-table.ts';
import type { Operation } from '../wire/protocol.ts';
import { createTerms, executeRequest, observeMode, openTerms } from './operation-terms.ts';
import type { JsonAnswering } from './request-answers.ts';

/** Where operations are performed. */
export interface OperationPlace {
  readonly sessions: SessionTable;
  /** Resolves when a new session can start its first cell at once. */
  readonly ready: Promise<unknown>;
}

type SetupOperation = Extract<
  Operation,
  { method: 'session/open' | 'session/create' | 'session/shutdown' }
>;
type SessionOperation = Exclude<Operation, SetupOperation>;

/** Performs an operation of version 1. Resolves when it is answered. @throws What to answer it with instead, also in place. */
export function performOperation(
  operation: Operation,
  options: Required<WaitOptions>,
  answering: JsonAnswering,
  place: OperationPlace,
): Promise<void> {
  switch (operation.method) {
    case 'session/open':
    case 'session/create':
    case 'session/shutdown':
      return setUp(operation, answering, place);
  }
  const session = place.sessions.get(operation.sessionId);
  return performIn(session, operation, options, answering);
}

async function setUp(
  operation: SetupOperation,
  answering: JsonAnswering,
  { sessions, ready }: OperationPlace,
): Promise<void> {
  switch (operation.method) {
    case 'session/open': {
      const { sessionId } = operation;
      // The session is in the table at once: requests right behind this one find it.
      await Promise.all([sessions.open(sessionId, openTerms(operation)), ready]);
      return answering.answer(() => ({ type: 'session/ready', sessionId }));
    }
    case 'session/create': {
      const [created] = await Promise.all([sessions.create(createTerms(operation)), ready]);
      return answering.answer(() => ({ type: 'session/created', ...created }));
    }
    case 'session/shutdown': {
      const { sessionId } = operation;
      await sessions.close(sessionId);
      return answering.answer(() => ({ type: 'session/closed', sessionId }));
    }
  }
}

function performIn(
  session: HostedSession,
  operation: SessionOperation,
  options: Required<WaitOptions>,
  answering: JsonAnswering,
): Promise<void> {
  switch (operation.method) {
    case 'session/execute': {
      const { max_output_tokens: tokens } = operation.request;
      return session.execute(executeRequest(operation), tokens, options, answering.execute);
    }
    case 'session/wait': {
      const { request, maxOutputTokens: tokens = null } = operation;
      const mode = observeMode(request);
      return session.wait(request.cell_id, mode, tokens, options, answering.wait);
    }
    case 'session/terminate': {
      const { cellId, maxOutputTokens: tokens = null } = operation;
      return session.terminate(cellId, tokens, answering.wait);
    }
    case 'session/resume':
      return resume(session, operation, answering);
    case 'session/events': {
      const { cellId, after = 0 } = operation;
      const { signal } = options;
      return session.events(cellId, { after, signal }, answering.events(cellId));
    }
    case 'session/cells':
      return session.cells((list) => {
        const cells = list.map(toSummary);
        return answering.answer(() => ({ type: 'session/cells', cells }));
      });
    case 'session/values':
      return session.values((values) => answering.values(values));
  }
}

async function resume(
  session: HostedSession,
  { cellId, generation }: Extract<Operation, { method: 'session/resume' }>,
  answering: JsonAnswering,
): Promise<void> {
  const outcome = await session.resume(cellId, generation);
  return answering.answer(() => ({ type: 'cell/resumed', outcome }));
}

function toSummary(cell: CellSummary) {
  return { ...cell, pendingCalls: [...cell.pendingCalls] };
}
