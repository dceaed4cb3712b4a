import { delay } from 'abort-controller-x';
import { CodeModeError } from '../../../src/errors.ts';
import { onAbort } from '../../../src/waiting/on-abort.ts';
import type { AnswerTimes } from '../../remote/answer-times.ts';
import type { AskedEnds } from '../../remote/asked-ends.ts';
import { backoffMs } from '../../remote/backoff.ts';
import type { OpenedSession, SessionOpening, WantedSession } from '../../remote/host-link.ts';
import type { SessionRouter } from '../../remote/session-traffic.ts';
import type { OpenSessionRequest } from '../generated/code-mode.ts';
import { Status, StatusError } from '../status.ts';
import type { AskedCalls } from './asked-calls.ts';
import { GrpcSession } from './grpc-session.ts';
import { Incoming } from './incoming.ts';
import { Lease } from './lease.ts';
import { toCodeModeError } from './status-codes.ts';
import { toMilliseconds } from './to-messages.ts';
import { toolAnswers } from './tool-answers.ts';

/** What opening a session needs of its connection. */
export interface OpeningHost {
  readonly calls: AskedCalls;
  readonly times: AnswerTimes;
  readonly ends: AskedEnds;
  readonly router: SessionRouter;
  /** Why the connection ended; null while it is open. */
  failure(): Error | null;
  /** A session has begun; `lost` or `closed` ends it. */
  added(lease: Lease): void;
  removed(lease: Lease): void;
}

/** How many calls of a session a host may have open, as the Codex CLI allows. */
const CALLBACK_CAPACITY = 4_096n;
/** A host that is busy or stopping is asked again: behind a balancer, another one may answer. */
const ATTEMPTS = 5;
const BACKOFF = { firstMs: 100, mostMs: 2_000 };

/** How a session is opened over a connection that speaks gRPC. @throws `unsupported`. */
export function grpcOpening(host: OpeningHost, wanted: WantedSession): SessionOpening {
  const request = toRequest(wanted);
  const lost = new AbortController();
  const held = new Map<string, Lease>();
  const { calls, times, ends, router } = host;
  const attempt = async (signal: AbortSignal): Promise<OpenedSession> => {
    const incoming = (sessionId: string) => {
      const headers = () => lease.headers;
      const answers = toolAnswers({ sessionId, calls, ms: times.givenUpMs, headers });
      return new Incoming({ sessionId, router, ends, answers });
    };
    const lease = new Lease({ calls, times, incoming, lost });
    const unlink = onAbort(signal, () => lease.drop());
    try {
      const sessionId = await lease.open(request);
      held.set(sessionId, lease);
      host.added(lease);
      lost.signal.addEventListener('abort', () => host.removed(lease));
      return { sessionId };
    } finally {
      unlink();
    }
  };
  const linkOf = ({ sessionId }: OpenedSession) => {
    const lease = held.get(sessionId)!;
    const { tools } = wanted;
    const parts = { sessionId, calls, times, ends, lease, tools, lost: lost.signal };
    return new GrpcSession({ ...parts, closed: () => host.removed(lease) });
  };
  return {
    hasCellsCapability: false,
    adopts: false,
    lost: lost.signal,
    send: async (onResult, signal) => onResult(await repeated(host, attempt, signal)),
    decode: (result) => result as OpenedSession,
    findId: (result) => (result as OpenedSession).sessionId,
    destroy: (sessionId) => linkOf({ sessionId }).close(),
    link: linkOf,
  };
}

async function repeated(
  host: OpeningHost,
  attempt: (signal: AbortSignal) => Promise<OpenedSession>,
  signal: AbortSignal,
): Promise<OpenedSession> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof StatusError)) throw error;
      const isLast = failures === ATTEMPTS || host.failure() !== null;
      if (isLast || !isPassing(error.status)) throw toCodeModeError(error);
    }
    await delay(signal, backoffMs(failures, BACKOFF));
  }
}

/** Whether the same request may succeed a little later, or elsewhere. */
function isPassing(status: Status): boolean {
  return status === Status.unavailable || status === Status.resourceExhausted;
}

/** @throws `unsupported`. */
function toRequest({ settings, id }: WantedSession): OpenSessionRequest {
  const { toolErrors, console, globals, limits = {} } = settings;
  if (id !== undefined) throw unsupported('an id that the client chooses');
  if (toolErrors === 'error') throw unsupported("toolErrors: 'error'");
  if (console === true) throw unsupported('console');
  if (globals === 'web') throw unsupported("globals: 'web'");
  const { maxYieldAfterMs, ...others } = limits;
  const [name] = Object.keys(others);
  if (name !== undefined) throw unsupported(`the limit ${name}`);
  const isLimited = maxYieldAfterMs !== undefined && maxYieldAfterMs !== Infinity;
  return {
    ...(isLimited && { limits: { maxYieldTimeMs: toMilliseconds(maxYieldAfterMs) } }),
    callbackCapacity: CALLBACK_CAPACITY,
  };
}

function unsupported(what: string): CodeModeError {
  const text = `Cannot open a session: gRPC has no word for ${what}; use a host with cellhost.sessions`;
  return new CodeModeError('unsupported', text);
}
