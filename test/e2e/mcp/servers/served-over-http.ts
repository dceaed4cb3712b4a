import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A `cellhost mcp` over HTTP, behind a stand-in that notes the revisions of requests. */
export interface ServedOverHttp extends AsyncDisposable {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts it.
 *
 * @param command The launcher and its arguments.
 * @param file Where the revision of each request is noted, as `recording-server.js` does.
 */
export async function serveOverHttp(
  command: readonly string[],
  file: string,
): Promise<ServedOverHttp> {
  const args = [...command, '--listen', 'http:127.0.0.1:0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'close');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const target = new URL(line.toString().trim());
  const note = (what: object) => appendFileSync(file, `${JSON.stringify(what)}\n`);
  const server = createServer((from, to) => {
    const { headers, method, url } = from;
    const protocolVersion = headers['mcp-protocol-version'];
    if (protocolVersion !== undefined) note({ server: { result: { protocolVersion } } });
    const { hostname, port, host } = target;
    const sent = request({ hostname, port, path: url, method, headers: { ...headers, host } });
    sent.on('response', (response) => {
      to.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(to);
    });
    sent.on('error', () => to.destroy());
    // A client that goes away cancels what it asked for.
    to.on('close', () => sent.destroy());
    from.pipe(sent);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.close();
    server.closeAllConnections();
    child.kill('SIGTERM');
    await ended;
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${target.pathname}`;
  return { url, close, [Symbol.asyncDispose]: close };
}
