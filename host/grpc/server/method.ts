import type { MessageFns } from '../generated/code-mode.ts';
import type { Perform } from './http2-call.ts';
import { decodeSmall } from './large-requests.ts';
import { toStatusError } from './outcomes.ts';
import type { ServerCall } from './server-call.ts';

/** A method of the service. */
export interface Method {
  /** Whether its calls count as requests in flight. */
  readonly isCounted: boolean;
  /** Performs and answers a call. */
  readonly perform: Perform;
}

/** A method whose requests are never large. */
export function small<T extends object>(
  type: MessageFns<T>,
  perform: (call: ServerCall, request: T) => Promise<void> | void,
  options = {},
): Method {
  return method((body) => decodeSmall(type, body), perform, options);
}

/**
 * What fails is answered.
 *
 * @param keepsRequest Whether the bytes of the request are needed until it is performed, not only read.
 */
export function method<T extends object>(
  read: (body: Buffer) => T | Promise<T>,
  perform: (call: ServerCall, request: T) => Promise<void> | void,
  { isCounted = false, keepsRequest = false } = {},
): Method {
  return {
    isCounted,
    perform: (call, body) => {
      const fail = (error: unknown) => call.fail(toStatusError(error));
      let request: T | Promise<T>;
      try {
        request = read(body);
      } catch (error) {
        fail(error);
        return undefined;
      }
      const later = request instanceof Promise ? request : null;
      const performed = async () => perform(call, later === null ? (request as T) : await later);
      const done = performed().catch(fail);
      return keepsRequest ? done : later?.then(ignore, ignore);
    },
  };
}

function ignore(): void {}
