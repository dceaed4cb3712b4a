import type { Session } from '../../src/session.ts';
import { ForwardedSession } from '../core/forwarded-session.ts';
import type { SessionTools } from './session-tools.ts';

/** The identity of a session that was created. */
export interface SessionResponse {
  readonly sessionId: string;
  /** The address where it can be watched; undefined if there is none. */
  readonly remoteUrl: string | undefined;
}

/** A session that adds its own tools before those of each request. */
export type ProxiedSession = Session & SessionResponse;

/** @param close Closes the session, and everything that ends with it. */
export function proxiedSession(
  session: Session,
  tools: SessionTools,
  { sessionId, remoteUrl }: SessionResponse,
  close: () => Promise<void>,
): ProxiedSession {
  const forwarded = new ForwardedSession(session, {
    request: (request) =>
      request.tools === undefined
        ? request
        : { ...request, tools: [...tools.definitions, ...request.tools] },
    close,
  });
  return Object.assign(forwarded, { sessionId, remoteUrl });
}
