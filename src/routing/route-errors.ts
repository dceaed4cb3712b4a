import type { ReplyError } from './routed-items.ts';
import type { RouterLimits } from './router-limits.ts';

/** Why a router answered a request itself. Public API, as error codes are. */
export type RouteErrorKind =
  /** Too much waited; the message contains `pending session buffer overflow`. */
  | 'pendingOverflow'
  /** The creation failed; the message contains `pending session routing ended before session was registered`. */
  | 'pendingEnded'
  /** The id was closed. */
  | 'sessionClosed'
  /** The id is unknown, and no guard is open. */
  | 'unknownSession'
  /** It waited longer than `parkMs`. */
  | 'parkTimeout'
  /** The peer cancelled it before it was delivered. */
  | 'cancelled'
  /** The sink threw. */
  | 'sinkFailed';

/** The data of a `RouteError`. */
export interface RouteErrorData {
  readonly kind: RouteErrorKind;
  readonly sessionId: string;
  /** Set if the ids of the router are cells of one session. */
  readonly cellId?: string;
  /** The value of the limit that was reached, if that is the cause. */
  readonly limit?: number;
}

/** The router's answer to a request that it does not deliver, or whose sink threw. */
export interface RouteError extends ReplyError {
  readonly data: RouteErrorData;
}

/** A limit that was reached. */
export interface ReachedLimit {
  readonly name: keyof RouterLimits;
  readonly value: number;
}

const CODES: Readonly<Record<RouteErrorKind, number>> = {
  pendingOverflow: -32603,
  pendingEnded: -32603,
  sessionClosed: -32001,
  unknownSession: -32602,
  parkTimeout: -32603,
  cancelled: -32800,
  sinkFailed: -32603,
};

/**
 * Makes the router's answer to a request.
 *
 * @param sessionId The session whose cells the ids are; undefined if the ids are sessions.
 */
export function routeError(
  kind: RouteErrorKind,
  id: string,
  sessionId: string | undefined,
  limit: ReachedLimit | undefined,
): RouteError {
  const target = sessionId === undefined ? `session ${id}` : `cell ${id} of session ${sessionId}`;
  return {
    code: CODES[kind],
    message: `Cannot deliver to ${target}: ${causeOf(kind, limit)}`,
    data: {
      kind,
      sessionId: sessionId ?? id,
      ...(sessionId === undefined ? {} : { cellId: id }),
      ...(limit === undefined ? {} : { limit: limit.value }),
    },
  };
}

function causeOf(kind: RouteErrorKind, limit: ReachedLimit | undefined): string {
  switch (kind) {
    case 'pendingOverflow':
      return `pending session buffer overflow, ${limit?.name} is ${limit?.value}`;
    case 'pendingEnded':
      return 'pending session routing ended before session was registered';
    case 'sessionClosed':
      return 'it is closed';
    case 'unknownSession':
      return 'the id is unknown';
    case 'parkTimeout':
      return `it was not registered within ${limit?.value} ms`;
    case 'cancelled':
      return 'the request was cancelled';
    case 'sinkFailed':
      return 'its handler failed';
  }
}
