import type { Notification, ToolCall } from '../../src/delegate.ts';
import { PendingRouter } from '../../src/routing/pending-router.ts';
import type { RoutedRequest, Sink } from '../../src/routing/routed-items.ts';

/** What a host sends to sessions, as the router of a connection delivers it. */
export interface SessionTraffic {
  readonly event: SessionNews;
  readonly request: HostCall;
  readonly result: DelegateValue;
}

/** A cell is closed. */
export interface SessionNews {
  readonly cellId: string;
}

/** A call of the host to a session's delegate. */
export type HostCall =
  | { readonly type: 'tool'; readonly call: ToolCall }
  | { readonly type: 'notification'; readonly notification: Notification };

/** A successful result of a delegate; that of a tool as JSON text. */
export type DelegateValue =
  | { readonly type: 'tool/result'; readonly json: string }
  | { readonly type: 'notification/delivered' };

export type SessionRouter = PendingRouter<SessionTraffic>;
export type SessionSink = Sink<SessionTraffic>;
export type SessionRequest = RoutedRequest<SessionTraffic>;

/** A thousand sessions may be opening at once, with items that wait for each. */
const LIMITS = { maxPendingIds: 1_024, maxTombstones: 4_096, maxParkedBytes: 64 << 20 };

/** A router for the sessions of one connection. */
export function sessionRouter(): SessionRouter {
  return new PendingRouter<SessionTraffic>({ limits: LIMITS });
}

/** The cell that made the call. */
export function cellOf(call: HostCall): string {
  return call.type === 'tool' ? call.call.cellId : call.notification.cellId;
}
