import { randomUUID } from 'node:crypto';
import type { Delegate } from '../../src/delegate.ts';
import { checkToolNames } from '../../src/embed/tool-names.ts';
import { CodeModeError } from '../../src/errors.ts';
import { DEFAULT_SESSION_LIMITS, type SessionLimits, withDefaults } from '../../src/limits.ts';
import { type Creation, claimCreated } from '../../src/routing/claim-created.ts';
import type { RoutedEvent } from '../../src/routing/routed-items.ts';
import {
  checkSessionId,
  checkSessionOptions,
  checkWaitOptions,
} from '../../src/runtime/check-arguments.ts';
import type { SessionSettings } from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import { type Operation, readOperationResult, type SessionOptions } from '../wire/protocol.ts';
import type { ClientConnection } from './client-connection.ts';
import { RemoteSession } from './remote-session.ts';
import { SessionInbox } from './session-inbox.ts';
import { expected } from './session-requests.ts';
import type { SessionRequest, SessionTraffic } from './session-traffic.ts';

/**
 * Options of a session in another process. Infinite limits are not sent. A host that only speaks
 * version 1 always uses `toolErrors: 'string'`.
 */
export interface RemoteSessionOptions extends SessionSettings {
  /** Runs tool calls and delivers notifications, on this side. */
  readonly delegate: Delegate;
  /** The default tools of a cell. */
  readonly tools?: readonly ToolDefinition[];
  /** Aborts opening. If the session still opens, it is ended at the host. */
  readonly signal?: AbortSignal;
}

/** Hooks for a session that is being opened. */
export interface OpenHooks {
  readonly onClosed: (session: RemoteSession) => void;
  /** A session may still exist at the host. @param id Undefined if the host did not report it. */
  readonly onLeak: (id: string | undefined, error: unknown) => void;
}

interface Answer {
  readonly sessionId: string;
  readonly remoteUrl?: string | undefined;
}

const NEVER = new AbortController().signal;

/**
 * Opens a session on a host, and registers it so that nothing about it is lost or out of order.
 *
 * @param sessionId The id to open it under; null to let the host choose.
 * @throws Like `HostClient.openSession` and `createSession`.
 */
export async function openRemoteSession(
  connection: ClientConnection,
  options: RemoteSessionOptions,
  sessionId: string | null,
  hooks: OpenHooks,
): Promise<RemoteSession> {
  checkOptions(options, sessionId);
  const { delegate, tools = [], signal = NEVER } = options;
  const operation = toOperation(connection, options, sessionId);
  const hasCellsCapability = connection.has('cellhost.cells');
  checkToolNames('Cannot open a session', tools, !hasCellsCapability);
  const adopts = sessionId === null;
  const inbox = new SessionInbox({ delegate, hasCellsCapability, adopts, lost: connection.lost });
  const creation = creationOf(connection, operation, inbox, hooks);
  try {
    const { answer, registration } = await claimCreated(connection.router, creation, signal);
    const { remoteUrl } = answer;
    const { onClosed } = hooks;
    const parts = { connection, registration, remoteUrl, inbox, delegate, tools, onClosed };
    return new RemoteSession(parts);
  } catch (error) {
    inbox.end();
    throw error;
  }
}

/** @throws `invalid_argument`, with the same errors as a session in this process. */
function checkOptions(options: RemoteSessionOptions, sessionId: string | null): void {
  checkSessionOptions(options);
  const { signal, limits } = options;
  checkWaitOptions('Cannot open a session', signal === undefined ? {} : { signal });
  withDefaults(DEFAULT_SESSION_LIMITS, limits);
  if (sessionId !== null) checkSessionId(sessionId);
}

function creationOf(
  connection: ClientConnection,
  operation: OpenOperation,
  inbox: SessionInbox,
  { onLeak }: OpenHooks,
): Creation<SessionTraffic, Answer> {
  // The host may need an answer before it can report the session's id.
  const early = (request: SessionRequest) => {
    inbox.take(request);
    return true;
  };
  const earlyEvent = (event: RoutedEvent<SessionTraffic>) => inbox.takeEarly(event);
  return {
    ...(operation.method === 'session/open'
      ? { askedId: operation.sessionId }
      : { guard: { token: operation.token, early, earlyEvent } }),
    sink: (delivery) => inbox.take(delivery),
    send: (onResult) => connection.requestUnread(operation, onResult),
    decode: (result) => readAnswer(result, operation.method),
    idOf: ({ sessionId }) => sessionId,
    accept: ({ sessionId }) => inbox.named(sessionId),
    findId,
    destroy: (sessionId) => connection.request({ method: 'session/shutdown', sessionId }).answer,
    onLeak,
  };
}

/** @throws `peer_failed`. */
function readAnswer(result: unknown, method: OpenOperation['method']): Answer {
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

type OpenOperation = Extract<Operation, { method: 'session/open' } | { method: 'session/create' }>;

/** @throws `unsupported`. */
function toOperation(
  connection: ClientConnection,
  { toolErrors, console, globals, limits }: RemoteSessionOptions,
  sessionId: string | null,
): OpenOperation {
  const options: SessionOptions = {
    toolErrors: toolErrors ?? 'error',
    console: console ?? false,
    ...(globals === 'web' && { globals }),
    limits: finite(limits ?? {}),
  };
  const hasSessionsCapability = connection.has('cellhost.sessions');
  if (sessionId === null) {
    if (hasSessionsCapability) return { method: 'session/create', token: randomUUID(), options };
    throw unsupported('ids that the host chooses need');
  }
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
