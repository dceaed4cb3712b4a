import { createServer, type Server } from 'node:http';
import { DEFAULT_HOST_LIMITS } from '../../core/host-limits.ts';

/** Where balancers ask whether new sessions may come. */
export const HEALTH_PATH = '/healthz';

/**
 * Answers HTTP/1.1: 200 or 503 for `/healthz`, 505 for anything else. It listens nowhere; its
 * connections are handed to it.
 */
export function healthServer(isStopping: () => boolean): Server {
  const server = createServer((request, response) => {
    const { method, url } = request;
    response.setHeader('Connection', 'close');
    response.writeHead(url === HEALTH_PATH ? healthStatus(method, isStopping()) : 505).end();
  });
  server.timeout = DEFAULT_HOST_LIMITS.helloMs;
  return server;
}

/** The status of the answer to whether new sessions may come. */
export function healthStatus(method: string | undefined, isStopping: boolean): 200 | 405 | 503 {
  if (method !== 'GET' && method !== 'HEAD') return 405;
  return isStopping ? 503 : 200;
}
