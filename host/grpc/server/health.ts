import { createServer, type Server } from 'node:http';
import { DEFAULT_HOST_LIMITS } from '../../core/host-limits.ts';

/** Where balancers ask whether new sessions may come. */
export const HEALTH_PATH = '/healthz';

/**
 * Answers HTTP/1.1: 200 or 503 for a GET of `/healthz`, 505 for anything else. It listens nowhere; its
 * connections are handed to it.
 */
export function healthServer(isStopping: () => boolean): Server {
  const server = createServer((request, response) => {
    const isHealth = request.method === 'GET' && request.url === HEALTH_PATH;
    response.setHeader('Connection', 'close');
    response.writeHead(isHealth ? healthStatus(isStopping()) : 505).end();
  });
  server.timeout = DEFAULT_HOST_LIMITS.helloMs;
  return server;
}

/** The status of the answer to whether new sessions may come. */
export function healthStatus(isStopping: boolean): 200 | 503 {
  return isStopping ? 503 : 200;
}
