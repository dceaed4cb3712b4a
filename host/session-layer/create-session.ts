import { randomUUID } from 'node:crypto';
import { CodeModeError } from '../../src/errors.ts';
import { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import type { Sandbox } from '../../src/sandbox.ts';
import type { Session } from '../../src/session.ts';
import type { CreateSessionOptions, OpenSessionOptions } from '../client/host-client.ts';
import type { RemoteSessionOptions } from '../client/open-remote-session.ts';
import type { RemoteSession } from '../client/remote-session.ts';

/** Where sessions of another process are opened: a `HostClient`, or what stands for one. */
export interface SessionHost {
  openSession(options: OpenSessionOptions): Promise<RemoteSession>;
  createSession(options: CreateSessionOptions): Promise<RemoteSession>;
}

/** Where a session is to run, and who chooses its id. Exactly one of `host` and `provider`. */
export interface SessionPlace {
  /** Run on a host. */
  readonly host?: SessionHost;
  /** Run in this process; its programs run in this sandbox, which is not closed with the session. */
  readonly provider?: Sandbox;
  /** Let the runtime choose the id, which takes a host with `cellhost.sessions`. Default: it is chosen here. */
  readonly assigned?: boolean;
  /** The id. Default: one nobody has had. */
  readonly sessionId?: string;
}

/** What a session is created with. */
export interface SessionConfig extends SessionPlace, RemoteSessionOptions {}

/** A session that was created. Whoever asked for it closes it. */
export interface CreatedSession {
  readonly session: Session;
  readonly sessionId: string;
  /** Where it can be looked at; undefined where nobody said. */
  readonly remoteUrl: string | undefined;
  /** Resolves when it is over, with the reason, if anybody but its owner can end it. */
  readonly ended: Promise<Error> | undefined;
}

/**
 * Creates a session: in this process, on a host under an id of this side, or on a host that
 * chooses the id.
 *
 * @throws `invalid_argument` for a place that is none, and, before anything is sent, for an id or
 * a provider where the runtime chooses; else as `HostClient.openSession` and `createSession`.
 */
export async function createSession(config: SessionConfig): Promise<CreatedSession> {
  const { host, provider, assigned = false, sessionId, ...options } = config;
  checkPlace(config);
  if (host === undefined) return createHere(config, provider!);
  const session = assigned
    ? await host.createSession(options)
    : await host.openSession(sessionId === undefined ? options : { ...options, sessionId });
  const { id, remoteUrl, ended } = session;
  return { session, sessionId: id, remoteUrl, ended };
}

function createHere(config: SessionConfig, sandbox: Sandbox): CreatedSession {
  const { delegate, tools, toolErrors, console, limits, signal, sessionId } = config;
  signal?.throwIfAborted();
  const session = new SessionRuntime({
    delegate,
    sandbox,
    ...(tools === undefined ? {} : { tools }),
    ...(toolErrors === undefined ? {} : { toolErrors }),
    ...(console === undefined ? {} : { console }),
    ...(limits === undefined ? {} : { limits }),
  });
  const id = sessionId ?? randomUUID();
  return { session, sessionId: id, remoteUrl: undefined, ended: undefined };
}

/** @throws `invalid_argument`. */
export function checkPlace({ host, provider, assigned, sessionId }: SessionPlace): void {
  if (assigned === true) {
    const why = 'cannot be given where the runtime chooses it';
    if (sessionId !== undefined) throw wrong(`sessionId ${why}`);
    if (provider !== undefined) throw wrong(`provider ${why}`);
    if (host === undefined) throw wrong('only a host can choose an id, and there is no host');
  }
  if (host === undefined && provider === undefined)
    throw wrong('neither host nor provider is given');
  if (host !== undefined && provider !== undefined) throw wrong('host and provider are both given');
}

function wrong(why: string): CodeModeError {
  return new CodeModeError('invalid_argument', `Cannot create a session: ${why}`);
}
