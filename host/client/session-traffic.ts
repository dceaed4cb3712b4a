import type { PendingRouter } from '../../src/routing/pending-router.ts';
import type { RoutedRequest, Sink } from '../../src/routing/routed-items.ts';
import type { DelegateRequest, HostMessage } from '../wire/protocol.ts';

/** What a host says about its sessions, as the router of a connection takes it to them. */
export interface SessionTraffic {
  readonly event: SessionNews;
  readonly request: DelegateRequest;
  readonly result: DelegateValue;
}

/** What a host tells a session and wants no answer to. */
export type SessionNews = Extract<HostMessage, { type: 'cell/closed' }>;

/** What a delegate's work ended well with; the result of a tool as JSON text. */
export type DelegateValue =
  | { readonly type: 'tool/result'; readonly json: string }
  | { readonly type: 'notification/delivered' };

export type SessionRouter = PendingRouter<SessionTraffic>;
export type SessionSink = Sink<SessionTraffic>;
export type SessionRequest = RoutedRequest<SessionTraffic>;
