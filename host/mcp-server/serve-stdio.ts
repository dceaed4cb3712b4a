import type { Readable, Writable } from 'node:stream';
import type { Server } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { FaceSession } from './face-session.ts';
import type { LazyBackend } from './lazy-backend.ts';
import { McpFace } from './mcp-face.ts';

/** The largest message that a client may send, in bytes. A longer one ends the connection. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** The streams of one client. */
export interface StdioStreams {
  readonly stdin: Readable;
  /** Carries protocol and nothing else. */
  readonly stdout: Writable;
}

/** A client that is served. */
export interface ServedStreams {
  /** Resolves when the client has gone. */
  readonly ended: Promise<void>;
  /** Ends the connection, and its cells if they are its own. Safe to call twice. */
  close(): Promise<void>;
}

/** Who is served, and by what. */
export interface ServedSession {
  readonly face: McpFace;
  readonly session: FaceSession;
  /** Called with each server that is made. Of several, the latest is the one that lasts. */
  readonly onServer: (server: Server) => void;
}

/** Serves one client over its streams. The connection is one session. */
export function serveStreams(
  { stdin, stdout }: StdioStreams,
  backend: LazyBackend,
  version: string,
): ServedStreams {
  const session = new FaceSession('stdio', backend, (cellId) => cellId);
  const face = new McpFace(version);
  const onServer = (server: Server) => {
    backend.onToolsChanged = () => announceTools(server);
    backend.onServersChanged = () => announceServers(server);
  };
  const served = serveSession({ stdin, stdout }, { face, session, onServer });
  return {
    ended: served.ended,
    close: async () => {
      await Promise.all([served.close(), session.close()]);
    },
  };
}

/** Serves one client over its streams, on a session that may have other clients and outlives it. */
export function serveSession(
  { stdin, stdout }: StdioStreams,
  { face, session, onServer }: ServedSession,
): ServedStreams {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const transport = new StdioServerTransport(stdin, stdout, { maxBufferSize: MAX_MESSAGE_BYTES });
  const handle = serveStdio(
    ({ era }) => {
      const server = face.serverFor(session, { era, hasCancelRequests: false });
      onServer(server);
      return server;
    },
    { transport },
  );
  const { onclose } = transport;
  transport.onclose = () => {
    onclose?.();
    resolve();
  };
  return { ended, close: () => handle.close() };
}

/** Tells a client that our tools are others now. */
export function announceTools(server: Server): void {
  void server.sendToolListChanged().catch(() => {});
}

/** Tells a client that nested servers may have other resources and prompts. */
export function announceServers(server: Server): void {
  void server.sendResourceListChanged().catch(() => {});
  void server.sendPromptListChanged().catch(() => {});
}
