import type { Delegate } from '../../src/delegate.ts';
import { checkToolNames } from '../../src/embed/tool-names.ts';
import { DEFAULT_SESSION_LIMITS, withDefaults } from '../../src/limits.ts';
import { type Creation, claimCreated } from '../../src/routing/claim-created.ts';
import type { RoutedEvent } from '../../src/routing/routed-items.ts';
import {
  checkSessionId,
  checkSessionOptions,
  checkWaitOptions,
} from '../../src/runtime/check-arguments.ts';
import type { SessionSettings } from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import type { HostLink, OpenedSession, SessionOpening, WantedSession } from './host-link.ts';
import { RemoteSession } from './remote-session.ts';
import { SessionInbox } from './session-inbox.ts';
import type { SessionRequest, SessionTraffic } from './session-traffic.ts';

/**
 * Options of a session in another process. Infinite limits are not sent. A host that only speaks
 * version 1 or gRPC always uses `toolErrors: 'string'`.
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

const NEVER = new AbortController().signal;

/**
 * Opens a session on a host, and registers it so that nothing about it is lost or out of order.
 *
 * @param id Who chooses its id, and the id if there is a wish.
 * @throws Like `HostClient.openSession` and `createSession`.
 */
export async function openRemoteSession(
  host: HostLink,
  options: RemoteSessionOptions,
  id: Pick<WantedSession, 'idBy' | 'id'>,
  hooks: OpenHooks,
): Promise<RemoteSession> {
  checkOptions(options, id.id);
  const { delegate, tools = [], signal = NEVER } = options;
  const opening = host.opening({ settings: options, tools, ...id });
  const { hasCellsCapability, adopts, lost } = opening;
  checkToolNames('Cannot open a session', tools, !hasCellsCapability);
  const inbox = new SessionInbox({ delegate, hasCellsCapability, adopts, lost });
  try {
    const creation = creationOf(opening, inbox, hooks);
    const { answer, registration } = await claimCreated(host.router, creation, signal);
    return new RemoteSession({
      registration,
      inbox,
      delegate,
      link: opening.link(answer),
      remoteUrl: answer.remoteUrl,
      generation: host.generation,
      onClosed: hooks.onClosed,
    });
  } catch (error) {
    inbox.end();
    throw error;
  }
}

/** @throws `invalid_argument`, with the same errors as a session in this process. */
function checkOptions(options: RemoteSessionOptions, sessionId: string | undefined): void {
  checkSessionOptions(options);
  const { signal, limits } = options;
  checkWaitOptions('Cannot open a session', signal === undefined ? {} : { signal });
  withDefaults(DEFAULT_SESSION_LIMITS, limits);
  if (sessionId !== undefined) checkSessionId(sessionId);
}

function creationOf(
  opening: SessionOpening,
  inbox: SessionInbox,
  { onLeak }: OpenHooks,
): Creation<SessionTraffic, OpenedSession> {
  // The host may need an answer before it can report the session's id.
  const early = (request: SessionRequest) => {
    inbox.take(request);
    return true;
  };
  const earlyEvent = (event: RoutedEvent<SessionTraffic>) => inbox.takeEarly(event);
  return {
    ...(opening.askedId === undefined
      ? { guard: { token: opening.token, early, earlyEvent } }
      : { askedId: opening.askedId }),
    sink: (delivery) => inbox.take(delivery),
    send: (onResult, signal) => opening.send(onResult, signal),
    decode: (result) => opening.decode(result),
    idOf: ({ sessionId }) => sessionId,
    accept: ({ sessionId }) => inbox.named(sessionId),
    findId: (result) => opening.findId(result),
    destroy: (sessionId) => opening.destroy(sessionId),
    onLeak,
  };
}
