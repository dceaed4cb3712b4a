import { hash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  localhostHostValidation,
  localhostOriginValidation,
  toNodeHandler,
} from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { FaceSession } from './face-session.ts';
import type { LazyBackend } from './lazy-backend.ts';
import { McpFace } from './mcp-face.ts';
import { SessionTable } from './session-table.ts';

const PATH = /^\/mcp(?:\/([A-Za-z0-9_-]{1,64}))?$/;
const MAX_BODY_BYTES = 4 * 1024 * 1024;

// The types of the library leave out that fields may be undefined.
type AnyRequest = Parameters<ReturnType<typeof toNodeHandler>>[0];
type AnyResponse = Parameters<ReturnType<typeof toNodeHandler>>[1];

/** Where to serve, and whom. */
export interface HttpPlace {
  readonly host: string;
  /** 0 for one that is free. */
  readonly port: number;
  /** Whether only this machine can connect: then foreign `Host` and `Origin` headers are refused. */
  readonly isLoopback: boolean;
  /** What clients must send as a bearer token. Default: nothing. */
  readonly token: string | undefined;
}

/** Which sessions are served, and to whom. */
export interface HttpSessions {
  /**
   * What a request is refused with; undefined if it is welcome.
   *
   * @param key Undefined if the address is none of a session.
   */
  refusal(key: string | undefined, headers: IncomingHttpHeaders): 401 | 404 | 503 | undefined;
  /** The session of a key that is not refused. */
  use(key: string): FaceSession;
}

/** Sessions that are served over HTTP. */
export interface ServedHttp {
  /** Where it listens really. */
  readonly port: number;
  /** Tells all clients that tools changed. */
  toolsChanged(): void;
  /** Tells all clients that resources and prompts changed. */
  serversChanged(): void;
  /** Ends all connections, sessions and cells. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Serves Streamable HTTP at `/mcp` and `/mcp/KEY`; each address is a session.
 *
 * Answers 403 to a foreign `Host` or `Origin`, 401 to a wrong token, 404 to other paths, 413 to a
 * body of more than 4 MiB, and 503 where no session can be added.
 *
 * @throws What the system says if it cannot listen there.
 */
export async function serveHttp(
  place: HttpPlace,
  backend: LazyBackend,
  version: string,
): Promise<ServedHttp> {
  const table = new SessionTable(backend);
  const { token } = place;
  const served = await serveHttpSessions(place, version, {
    refusal: (key, headers) => {
      if (token !== undefined && !showsToken(headers, token)) return 401;
      if (key === undefined) return 404;
      return table.hasRoomFor(key) ? undefined : 503;
    },
    use: (key) => table.use(key),
  });
  backend.onToolsChanged = () => served.toolsChanged();
  backend.onServersChanged = () => served.serversChanged();
  return {
    ...served,
    close: async () => void (await Promise.all([served.close(), table.close()])),
  };
}

/** Serves sessions in the same way, which last longer than what is served. */
export async function serveHttpSessions(
  place: Omit<HttpPlace, 'token'>,
  version: string,
  sessions: HttpSessions,
): Promise<ServedHttp> {
  const face = new McpFace(version);
  const handler = createMcpHandler(
    ({ era, requestInfo }) => {
      const session = sessions.use(keyOf(new URL(requestInfo!.url).pathname) ?? '');
      return face.serverFor(session, { era, hasCancelRequests: era === 'legacy' });
    },
    { maxRequestBodySize: MAX_BODY_BYTES },
  );
  const serve = toNodeHandler(handler, { maxRequestBodySize: MAX_BODY_BYTES });
  const isWelcome = welcome(place);
  const server = createServer((request, response) => {
    if (!isWelcome(request, response)) return;
    const key = keyOf(pathOf(request));
    const refusal = sessions.refusal(key, request.headers);
    if (refusal !== undefined) refuse(response, refusal);
    else void serve(request as AnyRequest, response as AnyResponse);
  });
  const port = await listening(server, place);
  return {
    port,
    toolsChanged: () => handler.notify.toolsChanged(),
    serversChanged: () => {
      handler.notify.resourcesChanged();
      handler.notify.promptsChanged();
    },
    close: async () => {
      server.close();
      await handler.close();
      server.closeAllConnections();
    },
  };
}

async function listening(
  server: Server,
  { host, port }: Omit<HttpPlace, 'token'>,
): Promise<number> {
  server.listen({ host, port });
  await once(server, 'listening');
  // Trouble of no single connection, such as too many open files, does not end the others.
  server.on('error', () => {});
  return (server.address() as AddressInfo).port;
}

/** Whether a request may go on; otherwise it is answered. */
function welcome({ isLoopback }: Pick<HttpPlace, 'isLoopback'>) {
  const isOurHost = localhostHostValidation();
  const isOurOrigin = localhostOriginValidation();
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (isLoopback && !(isOurHost(request, response) && isOurOrigin(request, response))) {
      return false;
    }
    return isLoopback || isSameOrigin(request) || refuse(response, 403);
  };
}

/** A browser that shows a page of another place says so. */
function isSameOrigin({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin === undefined || URL.parse(origin)?.host === host;
}

/**
 * Whether a request shows a bearer token. Takes as long for a wrong token as for the right one: hashes
 * are compared, which are of one length.
 */
export function showsToken({ authorization = '' }: IncomingHttpHeaders, token: string): boolean {
  const [, shown = ''] = /^Bearer +(.*)$/i.exec(authorization) ?? [];
  return timingSafeEqual(hash('sha256', shown, 'buffer'), hash('sha256', token, 'buffer'));
}

/** Answers without a body, and takes no more requests of this connection. @returns False. */
function refuse(response: ServerResponse, status: 401 | 403 | 404 | 503): false {
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  response.setHeader('Connection', 'close');
  response.writeHead(status).end();
  return false;
}

/** The key of a session; empty for the default one, undefined for another path. */
function keyOf(path: string): string | undefined {
  const match = PATH.exec(path);
  return match === null ? undefined : (match[1] ?? '');
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '';
}
