import { once } from 'node:events';
import http2 from 'node:http2';

const SERVICE = '/codex.code_mode.v1.CodeModeHost/';

/** How a raw call was answered: headers and trailers together. */
export type RawEnd = Readonly<Record<string, unknown>>;

/** A client of HTTP/2 that sends any bytes. */
export class RawGrpc implements Disposable {
  readonly http: http2.ClientHttp2Session;

  constructor(address: string, options: http2.ClientSessionOptions = {}) {
    this.http = http2.connect(`http://${address}`, options);
    this.http.on('error', () => {});
  }

  /** A call whose request is not sent yet. */
  open(method: string, headers: http2.OutgoingHttpHeaders = {}): http2.ClientHttp2Stream {
    const stream = this.http.request({
      ':method': 'POST',
      ':path': method.startsWith('/') ? method : SERVICE + method,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.on('error', () => {});
    return stream;
  }

  /** Sends these bytes as a request. */
  async call(
    method: string,
    request: readonly Buffer[],
    headers: http2.OutgoingHttpHeaders = {},
  ): Promise<RawEnd> {
    const stream = this.open(method, headers);
    const end: Record<string, unknown> = {};
    stream.on('response', (fields) => Object.assign(end, fields));
    stream.on('trailers', (fields) => Object.assign(end, fields));
    for (const chunk of request) stream.write(chunk);
    stream.end();
    stream.resume();
    if (!stream.closed) await once(stream, 'close');
    return end;
  }

  [Symbol.dispose](): void {
    this.http.destroy();
  }
}

/** A message with its prefix. */
export function framed(body: Buffer, flag = 0, size = body.length): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(size, 1);
  return Buffer.concat([head, body]);
}
