import type { InputRequiredResult, Server } from '@modelcontextprotocol/server';
import type { AskedRequests, AskingRequest } from './asked-requests.ts';
import type { DirectAnswer } from './direct-calls.ts';
import { passable } from './direct-servers.ts';
import { callerOf, type RequestCaller } from './request-caller.ts';

/** What a client is told whose answers count no longer. */
export const ANSWERED_BEFORE = 'Cannot take these answers: they were given before';

/** How a server is reached. */
export interface ServerTerms {
  readonly era: 'legacy' | 'modern';
  /** Whether cancellations come as requests of their own. Then the end of a connection cancels nothing. */
  readonly hasCancelRequests: boolean;
}

/** A request of a client, with all that it came with. */
export interface FaceRequest extends ServerTerms, AskingRequest {
  readonly server: Server;
}

/** Who waits for a request. Disposed when it is answered. @param tellsProgress Whether we do. */
export function openCaller(
  { server, session, context, era, hasCancelRequests }: FaceRequest,
  tellsProgress: boolean,
): RequestCaller {
  const request = session.requests.begin(context.mcpReq.id);
  const signal = hasCancelRequests ? request.signal : context.mcpReq.signal;
  const caller = callerOf(server, context, {
    signal,
    spansRounds: era === 'legacy',
    tellsProgress,
  });
  return {
    ...caller,
    [Symbol.dispose]: () => {
      caller[Symbol.dispose]();
      request[Symbol.dispose]();
    },
  };
}

/**
 * Has a nested server answer a request, and asks a person first where it wants that.
 *
 * @param start Begins the request at the server.
 * @returns Its result. Null if answers came that count no longer.
 * @throws What the server refuses the request with; `tool_server_failed`; the signal's reason.
 */
export async function answerDirect<T>(
  request: FaceRequest,
  asked: AskedRequests,
  start: (caller: RequestCaller) => Promise<DirectAnswer>,
): Promise<T | InputRequiredResult | null> {
  using caller = openCaller(request, false);
  const { directCalls } = request.session;
  try {
    const resumed = asked.resumed(request);
    const answer = resumed
      ? await directCalls.answer(resumed.cellId, resumed, caller)
      : await start(caller);
    if (answer === null) return null;
    if (answer.type === 'result') return answer.result as T;
    const { callId: cellId, round } = answer;
    return await asked.ask(request, { cellId, round, leftMs: 0 });
  } catch (error) {
    throw passable(error);
  }
}
