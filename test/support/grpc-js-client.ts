import {
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { CodeModeHostDefinition, type MessageFns } from '../../host/grpc/generated/code-mode.ts';

type Methods = typeof CodeModeHostDefinition.methods;
type Requests = { [M in keyof Methods]: MessageOf<Methods[M]['requestType']> };
type Responses = { [M in keyof Methods]: MessageOf<Methods[M]['responseType']> };
type MessageOf<F> = F extends MessageFns<infer T> ? T : never;
type Streaming = 'openSession' | 'subscribeToToolCalls' | 'execute';
type Unary = Exclude<keyof Methods, Streaming>;

/** How a call ended, as the client saw it. */
export interface CallEnd {
  readonly code: number;
  readonly text: string;
}

/** A unary call with the headers of its answer. */
export interface Answer<T> {
  readonly message: T;
  readonly headers: Metadata;
}

/** A stream of messages that are read one by one. */
export class MessageStream<T> {
  /** Resolves with the headers of the answer. */
  readonly headers: Promise<Metadata>;
  readonly ended: Promise<CallEnd>;
  readonly call: ClientReadableStream<T>;
  readonly #iterator: AsyncIterator<T>;

  constructor(call: ClientReadableStream<T>) {
    this.call = call;
    this.headers = new Promise((resolve) => call.once('metadata', resolve));
    this.ended = new Promise((resolve) => {
      call.on('status', ({ code, details }) => resolve({ code, text: details }));
    });
    call.on('error', () => {});
    this.#iterator = call[Symbol.asyncIterator]() as AsyncIterator<T>;
  }

  /** The next message; undefined at the end. */
  async next(): Promise<T | undefined> {
    const { done, value } = await this.#iterator
      .next()
      .catch(() => ({ done: true, value: undefined }));
    return done ? undefined : (value as T);
  }

  /** The next message for which this returns a value. @throws Error if there is none. */
  async until<V>(pick: (message: T) => V | undefined): Promise<V> {
    for (;;) {
      const message = await this.next();
      if (message === undefined) throw new Error(`The stream ended: ${(await this.ended).text}`);
      const value = pick(message);
      if (value !== undefined) return value;
    }
  }

  drop(): void {
    this.call.cancel();
  }
}

/** A client of the service that shares no code with ours beyond the messages. */
export class GrpcJsClient implements AsyncDisposable {
  readonly #client: Client;

  /** @param address `HOST:PORT` or `unix:PATH`. */
  constructor(address: string, security: ChannelCredentials = credentials.createInsecure()) {
    this.#client = new Client(address, security, {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  stream<M extends Streaming>(name: M, request: Partial<Requests[M]>): MessageStream<Responses[M]> {
    const { path, serialize, deserialize } = codecOf(name);
    return new MessageStream(
      this.#client.makeServerStreamRequest(path, serialize, deserialize, request as Requests[M]),
    );
  }

  /** @throws ServiceError. */
  async unary<M extends Unary>(
    name: M,
    request: Partial<Requests[M]>,
    fields: Readonly<Record<string, string>> = {},
  ): Promise<Answer<Responses[M]>> {
    const { path, serialize, deserialize } = codecOf(name);
    const metadata = new Metadata();
    for (const [field, value] of Object.entries(fields)) metadata.set(field, value);
    return await new Promise((resolve, reject) => {
      let headers = new Metadata();
      this.#client
        .makeUnaryRequest(
          path,
          serialize,
          deserialize,
          request as Requests[M],
          metadata,
          (error, message) =>
            error === null ? resolve({ message: message as Responses[M], headers }) : reject(error),
        )
        .once('metadata', (received: Metadata) => {
          headers = received;
        });
    });
  }

  /** How a unary call ends. */
  async end<M extends Unary>(name: M, request: Partial<Requests[M]>): Promise<CallEnd> {
    try {
      await this.unary(name, request);
      return { code: status.OK, text: '' };
    } catch (error) {
      const { code, details } = error as ServiceError;
      return { code, text: details };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
  }
}

function codecOf<M extends keyof Methods>(key: M) {
  const { name, requestType, responseType } = CodeModeHostDefinition.methods[key];
  const requests = requestType as unknown as MessageFns<Requests[M]>;
  const responses = responseType as unknown as MessageFns<Responses[M]>;
  const empty = requests.decode(new Uint8Array());
  return {
    path: `/${CodeModeHostDefinition.fullName}/${name}`,
    serialize: (message: Requests[M]) =>
      Buffer.from(requests.encode({ ...empty, ...message }).finish()),
    deserialize: (bytes: Buffer) => responses.decode(bytes),
  };
}
