import type { Readable, Writable } from 'node:stream';
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
  /** Ends the connection and its cells. Safe to call twice. */
  close(): Promise<void>;
}

/** Serves one client over its streams. The connection is one session. */
export function serveStreams(
  { stdin, stdout }: StdioStreams,
  backend: LazyBackend,
  version: string,
): ServedStreams {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const session = new FaceSession('stdio', backend, (cellId) => cellId);
  const face = new McpFace(version);
  const transport = new StdioServerTransport(stdin, stdout, { maxBufferSize: MAX_MESSAGE_BYTES });
  const handle = serveStdio(
    ({ era }) => {
      const server = face.serverFor(session, { era, hasCancelRequests: false });
      // Of a probe and the connection behind it, the latest is the one that lasts.
      backend.onToolsChanged = () => void server.sendToolListChanged().catch(() => {});
      backend.onServersChanged = () => {
        void server.sendResourceListChanged().catch(() => {});
        void server.sendPromptListChanged().catch(() => {});
      };
      return server;
    },
    { transport },
  );
  const { onclose } = transport;
  transport.onclose = () => {
    onclose?.();
    resolve();
  };
  return {
    ended,
    close: async () => {
      await Promise.all([handle.close(), session.close()]);
    },
  };
}
