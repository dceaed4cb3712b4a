import type { PendingRouter } from '../../src/routing/pending-router.ts';
import type { RoutedRequest, Sink } from '../../src/routing/routed-items.ts';
import type { DelegateRequest, HostMessage } from '../wire/protocol.ts';

/** The host's messages about sessions, as the router of a connection delivers them. */
export interface SessionTraffic {
  readonly event: SessionNews;
  readonly request: DelegateRequest;
  readonly result: DelegateValue;
}

/** A message of the host to a session that needs no answer. */
export type SessionNews = Extract<HostMessage, { type: 'cell/closed' }>;

/** A successful result of a delegate; that of a tool as JSON text. */
export type DelegateValue =
  | { readonly type: 'tool/result'; readonly json: string }
  | { readonly type: 'notification/delivered' };

export type SessionRouter = PendingRouter<SessionTraffic>;
export type SessionSink = Sink<SessionTraffic>;
export type SessionRequest = RoutedRequest<SessionTraffic>;
