import { randomUUID } from 'node:crypto';
import { CodeModeError } from '../../src/errors.ts';
import type { SessionLimits } from '../../src/limits.ts';
import type { OpenedSession, SessionOpening, WantedSession } from '../remote/host-link.ts';
import { type Operation, readOperationResult, type SessionOptions } from '../wire/protocol.ts';
import type { ClientConnection } from './client-connection.ts';
import { expected } from './expected.ts';
import { JsonSession } from './json-session.ts';

type OpenOperation = Extract<Operation, { method: 'session/open' } | { method: 'session/create' }>;

/** How a session is opened over a connection that speaks JSON. @throws `unsupported`. */
export function jsonOpening(connection: ClientConnection, wanted: WantedSession): SessionOpening {
  const operation = toOperation(connection, wanted);
  return {
    ...(operation.method === 'session/open'
      ? { askedId: operation.sessionId }
      : { token: operation.token }),
    hasCellsCapability: connection.has('cellhost.cells'),
    adopts: operation.method === 'session/create',
    lost: connection.lost,
    send: (onResult) => connection.requestUnread(operation, onResult),
    decode: (result) => readAnswer(result, operation.method),
    findId,
    destroy: (sessionId) => connection.request({ method: 'session/shutdown', sessionId }).answer,
    link: ({ sessionId }) => new JsonSession(connection, sessionId, wanted.tools),
  };
}

/** @throws `unsupported`. */
function toOperation(
  connection: ClientConnection,
  { settings, idBy, id }: WantedSession,
): OpenOperation {
  const { toolErrors, console, globals, limits } = settings;
  const options: SessionOptions = {
    toolErrors: toolErrors ?? 'error',
    console: console ?? false,
    ...(globals === 'web' && { globals }),
    limits: finite(limits ?? {}),
  };
  const hasSessionsCapability = connection.has('cellhost.sessions');
  if (idBy === 'host') {
    if (hasSessionsCapability) return { method: 'session/create', token: randomUUID(), options };
    throw unsupported('ids that the host chooses need');
  }
  const sessionId = id ?? randomUUID();
  if (hasSessionsCapability) return { method: 'session/open', sessionId, options };
  const hasWishes = toolErrors === 'error' || console === true || globals === 'web';
  if (hasWishes || Object.keys(limits ?? {}).length > 0) {
    throw unsupported('toolErrors, console, globals and limits need');
  }
  return { method: 'session/open', sessionId };
}

function unsupported(what: string): CodeModeError {
  const text = `Cannot open a session: ${what} a host with cellhost.sessions`;
  return new CodeModeError('unsupported', text);
}

function finite(limits: Partial<SessionLimits>): Record<string, number> {
  const entries = Object.entries(limits).filter(([, value]) => value !== Number.POSITIVE_INFINITY);
  return Object.fromEntries(entries) as Record<string, number>;
}

/** @throws `peer_failed`. */
function readAnswer(result: unknown, method: OpenOperation['method']): OpenedSession {
  try {
    const read = readOperationResult(result);
    return method === 'session/open'
      ? expected(read, 'session/ready')
      : expected(read, 'session/created');
  } catch (error) {
    if (error instanceof CodeModeError) throw error;
    const text = `Cannot open a session: the host's answer makes no sense: ${(error as Error).message}`;
    throw new CodeModeError('peer_failed', text, { cause: error });
  }
}

/** The id in a malformed result. */
function findId(result: unknown): string | undefined {
  const { sessionId } = fieldsOf(fieldsOf(result).value);
  return typeof sessionId === 'string' && sessionId !== '' ? sessionId : undefined;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
