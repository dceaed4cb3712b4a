import { once } from 'node:events';
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import {
  CodeModeHostDefinition,
  type ExecuteEvent,
  type MessageFns,
} from '../../host/grpc/generated/code-mode.ts';

type Methods = typeof CodeModeHostDefinition.methods;
type Message<F> = F extends MessageFns<infer T> ? T : never;
export type FakeMethod = keyof Methods;

/** A call to a fake host, answered by a test. */
export class FakeCall<M extends FakeMethod = FakeMethod> {
  readonly request: Message<Methods[M]['requestType']>;
  readonly headers: IncomingHttpHeaders;
  readonly stream: ServerHttp2Stream;
  /** Resolves when the stream has closed, with the code of the reset. */
  readonly closed: Promise<number>;
  readonly method: M;

  constructor(method: M, stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: Buffer) {
    this.method = method;
    this.stream = stream;
    this.headers = headers;
    const { requestType } = CodeModeHostDefinition.methods[method];
    this.request = requestType.decode(body.subarray(5)) as never;
    stream.on('error', () => {});
    this.closed = new Promise((resolve) => {
      stream.once('close', () => resolve(stream.rstCode ?? 0));
    });
  }

  /** Sends the headers, and says that trailers follow. */
  accept(headers: Readonly<Record<string, string>> = {}): this {
    const all = { ':status': 200, 'content-type': 'application/grpc', ...headers };
    this.stream.respond(all, { waitForTrailers: true });
    return this;
  }

  send(...messages: readonly Message<Methods[M]['responseType']>[]): this {
    if (!this.stream.headersSent) this.accept();
    for (const message of messages) {
      const { responseType } = CodeModeHostDefinition.methods[this.method];
      const body = (responseType as MessageFns<typeof message>).encode(message).finish();
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(body.length, 1);
      this.stream.write(Buffer.concat([prefix, body]));
    }
    return this;
  }

  raw(...bytes: readonly number[]): this {
    if (!this.stream.headersSent) this.accept();
    this.stream.write(Buffer.from(bytes));
    return this;
  }

  /** Ends the call with a status. */
  end(status = 0, text = '', more: Readonly<Record<string, string>> = {}): void {
    const last = { 'grpc-status': `${status}`, 'grpc-message': text, ...more };
    if (!this.stream.headersSent) {
      const all = { ':status': 200, 'content-type': 'application/grpc', ...last };
      this.stream.respond(all, { endStream: true });
      return;
    }
    const { stream } = this;
    stream.once('wantTrailers', () => stream.sendTrailers(last));
    stream.end();
  }

  /** Answers a call that has one answer. */
  answer(message: Message<Methods[M]['responseType']>): void {
    this.send(message).end();
  }

  reset(code: number): void {
    this.stream.close(code);
  }
}

/** A gRPC host that does what a test says: it breaks the rules that a real one keeps. */
export class FakeGrpcHost implements AsyncDisposable {
  readonly url: string;
  /** The names of the calls that have arrived, in order. */
  readonly log: FakeMethod[] = [];
  readonly sessions: ServerHttp2Session[] = [];
  readonly #server: Http2Server;
  readonly #arrived: FakeCall[] = [];
  readonly #waiting = new Map<FakeMethod, ((call: FakeCall) => void)[]>();

  private constructor(server: Http2Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
    server.on('session', (session) => {
      this.sessions.push(session);
      session.on('error', () => {});
    });
    server.on('stream', (stream, headers) => {
      void this.#take(stream as ServerHttp2Stream, headers);
    });
  }

  static async start(): Promise<FakeGrpcHost> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FakeGrpcHost(server, (server.address() as { port: number }).port);
  }

  /** The next call of a method. */
  async next<M extends FakeMethod>(method: M): Promise<FakeCall<M>> {
    const at = this.#arrived.findIndex((call) => call.method === method);
    if (at >= 0) return this.#arrived.splice(at, 1)[0] as unknown as FakeCall<M>;
    const { promise, resolve } = Promise.withResolvers<FakeCall>();
    this.#waiting.set(method, [...(this.#waiting.get(method) ?? []), resolve]);
    return (await promise) as unknown as FakeCall<M>;
  }

  /** Accepts the next session. */
  async open(sessionId = '00000000-0000-4000-8000-000000000001', headers = {}) {
    const lease = await this.next('openSession');
    lease.accept(headers).send({
      event: { $case: 'opened', value: { sessionId, outputTruncation: 0 } },
    });
    const calls = await this.next('subscribeToToolCalls');
    calls.accept();
    return { lease, calls };
  }

  /** Starts the next execute. */
  async started(cellId: string) {
    const execution = await this.next('execute');
    const { executionId } = execution.request;
    return execution.send({ event: { $case: 'started', value: { executionId, cellId } } });
  }

  /** Cuts every connection. */
  cut(): void {
    for (const session of this.sessions) session.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
  }

  async #take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const chunks: Buffer[] = [];
    stream.on('error', () => {});
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    const name = headers[':path']?.split('/').at(-1) ?? '';
    const method = `${name.charAt(0).toLowerCase()}${name.slice(1)}` as FakeMethod;
    this.log.push(method);
    const call = new FakeCall(method, stream, headers, Buffer.concat(chunks));
    const waiting = this.#waiting.get(method)?.shift();
    if (waiting === undefined) this.#arrived.push(call);
    else waiting(call);
  }
}

/** An outcome of a cell that has ended well, with one text. */
export function completed(cellId: string, text: string): ExecuteEvent {
  const item = { $case: 'text', value: { text } } as const;
  const contentItems = [{ item }];
  const state = { $case: 'completed', value: {} } as const;
  return {
    event: { $case: 'outcome', value: { cellId, contentItems, state, hostDurationNs: 0n } },
  };
}
