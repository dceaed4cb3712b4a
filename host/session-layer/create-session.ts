import { randomUUID } from 'node:crypto';
import { CodeModeError } from '../../src/errors.ts';
import { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import type { Sandbox } from '../../src/sandbox.ts';
import type { Session } from '../../src/session.ts';
import type { CreateSessionOptions, OpenRemoteSessionOptions } from '../client/host-client.ts';
import type { RemoteSessionOptions } from '../remote/open-remote-session.ts';
import type { RemoteSession } from '../remote/remote-session.ts';

/** Opens sessions on a host: a `HostClient`, or a `ReconnectingHostClient`. */
export interface SessionHost {
  openSession(options: OpenRemoteSessionOptions): Promise<RemoteSession>;
  createSession(options: CreateSessionOptions): Promise<RemoteSession>;
}

/** Where a session runs, and who chooses its id. Exactly one of `host` and `sandbox` is required. */
export interface SessionPlace {
  /** Run on a host. */
  readonly host?: SessionHost;
  /** Run in this process, with this sandbox, which is not closed with the session. */
  readonly sandbox?: Sandbox;
  /** Let the host choose the id, which requires `cellhost.sessions`. Default: false. */
  readonly assigned?: boolean;
  /** The id. Default: a new one. */
  readonly sessionId?: string;
}

/** How to create a session. */
export interface SessionConfig extends SessionPlace, RemoteSessionOptions {}

/** A session that was created. The caller closes it. */
export interface CreatedSession {
  readonly session: Session;
  readonly sessionId: string;
  /** The address where it can be watched; undefined if there is none. */
  readonly remoteUrl: string | undefined;
  /** Resolves with the reason if something other than its owner ends it. */
  readonly ended: Promise<Error> | undefined;
}

/**
 * Creates a session: in this process, on a host under an id of this side, or on a host that
 * chooses the id.
 *
 * @throws `invalid_argument`, before anything is sent, for an invalid place; otherwise like
 *   `HostClient.openSession` and `createSession`.
 */
export async function createSession(config: SessionConfig): Promise<CreatedSession> {
  const { host, sandbox, assigned = false, sessionId, ...options } = config;
  checkPlace(config);
  if (host === undefined) return createHere(config, sandbox!);
  const session = assigned
    ? await host.createSession(options)
    : await host.openSession(sessionId === undefined ? options : { ...options, sessionId });
  const { id, remoteUrl, ended } = session;
  return { session, sessionId: id, remoteUrl, ended };
}

function createHere(config: SessionConfig, sandbox: Sandbox): CreatedSession {
  const { delegate, tools, toolErrors, console, globals, limits, signal, sessionId } = config;
  signal?.throwIfAborted();
  const session = new SessionRuntime({
    delegate,
    sandbox,
    ...(tools === undefined ? {} : { tools }),
    ...(toolErrors === undefined ? {} : { toolErrors }),
    ...(console === undefined ? {} : { console }),
    ...(globals === undefined ? {} : { globals }),
    ...(limits === undefined ? {} : { limits }),
  });
  const id = sessionId ?? randomUUID();
  return { session, sessionId: id, remoteUrl: undefined, ended: undefined };
}

/** @throws `invalid_argument`. */
export function checkPlace({ host, sandbox, assigned, sessionId }: SessionPlace): void {
  if (assigned === true) {
    if (sessionId !== undefined) throw wrong('assigned cannot be combined with sessionId');
    if (sandbox !== undefined) throw wrong('assigned cannot be combined with sandbox');
    if (host === undefined) throw wrong('only a host can assign an id: give host');
  }
  if (host === undefined && sandbox === undefined) throw wrong('neither host nor sandbox is given');
  if (host !== undefined && sandbox !== undefined) throw wrong('host and sandbox are both given');
}

function wrong(why: string): CodeModeError {
  return new CodeModeError('invalid_argument', `Cannot create a session: ${why}`);
}
