import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';

const ROUTE = 'x-code-mode-route';

/** A certificate and its key, in PEM. */
export interface BalancerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A balancer that keeps each session on one host: new ones take turns, others follow their route. */
export class RouteBalancer implements AsyncDisposable {
  /** The methods that each host was asked for. */
  readonly seen: string[][];
  readonly #server: http2.Http2Server;
  readonly #hosts: readonly http2.ClientHttp2Session[];
  #turn = 0;

  private constructor(server: http2.Http2Server, urls: readonly string[]) {
    this.#server = server;
    this.#hosts = urls.map((url) => http2.connect(url));
    this.seen = urls.map(() => []);
    for (const host of this.#hosts) host.on('error', () => {});
    server.on('session', (session) => session.on('error', () => {}));
    server.on('stream', (stream: http2.ServerHttp2Stream, headers) => this.#pass(stream, headers));
  }

  /** @param urls The hosts. */
  static async start(urls: readonly string[], tls?: BalancerTls): Promise<RouteBalancer> {
    const server = tls === undefined ? http2.createServer() : http2.createSecureServer(tls);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new RouteBalancer(server, urls);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #pass(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    const { [ROUTE]: route, ':path': path = '', ':method': method, host: _, ...others } = headers;
    const index = route === undefined ? this.#turn++ % this.#hosts.length : Number(route);
    this.seen[index]!.push(path.slice(path.lastIndexOf('/') + 1));
    const fields = Object.entries(others).filter(([name]) => !name.startsWith(':'));
    const onward = this.#hosts[index]!.request({
      ...Object.fromEntries(fields),
      ':path': path,
      ':method': method,
    });
    for (const each of [stream, onward]) each.on('error', () => {});
    onward.once('response', ({ ':status': status, ...fields }) => {
      stream.once('wantTrailers', () => stream.sendTrailers(trailers));
      stream.respond(
        { ...fields, ':status': status, [ROUTE]: String(index) },
        { waitForTrailers: true },
      );
    });
    let trailers: http2.OutgoingHttpHeaders = {};
    onward.once('trailers', (fields) => {
      trailers = fields;
    });
    stream.pipe(onward);
    onward.pipe(stream);
    stream.once('close', () => onward.close(http2.constants.NGHTTP2_CANCEL));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.#hosts) host.destroy();
    this.#server.close();
  }
}
