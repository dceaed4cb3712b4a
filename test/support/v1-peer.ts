import type { HostOptions } from '../../host/core/host-core.ts';
import { Host } from '../../host/server/host.ts';
import { memoryTransports } from '../../host/transports/memory-transport.ts';
import type { Transport } from '../../host/wire/transport.ts';
import { type FakeProgram, FakeSandbox } from './fake-sandbox.ts';

/** A message on the wire. */
export type Json = Readonly<Record<string, unknown>>;

/** A client that follows the test, and records the host's messages. */
export class V1Peer {
  /** All messages, in order. */
  readonly received: Json[] = [];
  /** Settles when the host, or the test, has ended the connection. */
  readonly closed: Promise<void>;
  /** Called with the text of each message, for what JSON loses. */
  onText: (text: string) => void = () => {};
  parse: (text: string) => unknown = JSON.parse;
  readonly #transport: Transport;
  readonly #untaken: Json[] = [];
  readonly #waiting = new Set<{ take(message: Json): boolean; fail(): void }>();
  #isClosed = false;
  #lastId = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.closed = new Promise((resolve) => {
      transport.start({
        message: (body) => {
          const text = body.toString('utf8');
          this.onText(text);
          this.#receive(this.parse(text) as Json);
        },
        closed: () => {
          this.#isClosed = true;
          for (const waiter of this.#waiting) waiter.fail();
          resolve();
        },
      });
    });
  }

  send(message: object): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(body: string | Buffer): void {
    this.#transport.send(body);
  }

  hello(...optionalCapabilities: readonly string[]): Promise<Json> {
    this.send(helloOf(1, optionalCapabilities));
    return this.next(({ type }) => type === 'connection/ready');
  }

  /** The first matching message that was not taken before. Rejects when none can arrive any more. */
  next(fits: (message: Json) => boolean): Promise<Json> {
    const index = this.#untaken.findIndex(fits);
    const [message] = index < 0 ? [] : this.#untaken.splice(index, 1);
    if (message !== undefined) return Promise.resolve(message);
    const gone = () => new Error(`The connection ended: ${JSON.stringify(this.#untaken)}`);
    if (this.#isClosed) return Promise.reject(gone());
    return new Promise((resolve, reject) => {
      const waiter = {
        take: (came: Json) => {
          if (!fits(came)) return false;
          this.#waiting.delete(waiter);
          resolve(came);
          return true;
        },
        fail: () => reject(gone()),
      };
      this.#waiting.add(waiter);
    });
  }

  nextOf(type: string): Promise<Json> {
    return this.next((message) => message.type === type);
  }

  /** Sends a request. @returns Its id. */
  request(method: string, fields: object = {}): number {
    this.#lastId += 1;
    const request = { method, sessionId: 's', ...fields };
    this.send({ type: 'operation/request', id: this.#lastId, request });
    return this.#lastId;
  }

  execute(source: string, fields: object = {}): number {
    return this.request('session/execute', { request: executeRequest(source, fields) });
  }

  wait(cellId: string, yieldTimeMs = 60_000): number {
    return this.request('session/wait', {
      request: { cell_id: cellId, yield_time_ms: yieldTimeMs },
    });
  }

  /** The value of the answer to a request, or the text of its error. */
  async answer(id: number, type = 'operation/response'): Promise<unknown> {
    const message = await this.next((came) => came.type === type && came.id === id);
    const result = message.result as { value?: unknown; message?: string };
    return result.value ?? result.message;
  }

  initial(id: number): Promise<unknown> {
    return this.answer(id, 'execute/initialResponse');
  }

  respond(id: unknown, value: object): void {
    this.send({ type: 'delegate/response', id, result: { status: 'ok', value } });
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  #receive(message: Json): void {
    this.received.push(message);
    for (const waiter of this.#waiting) {
      if (waiter.take(message)) return;
    }
    this.#untaken.push(message);
  }
}

export const TOOL = {
  name: 't',
  tool_name: { name: 't', namespace: null },
  description: '',
  kind: 'function',
};

/** The first message of a client. */
export function helloOf(version: number, optionalCapabilities: readonly string[] = []): object {
  return {
    type: 'connection/hello',
    supportedVersions: [version],
    requiredCapabilities: [],
    optionalCapabilities,
  };
}

export function executeRequest(source: string, fields: object = {}): object {
  return {
    tool_call_id: null,
    enabled_tools: [TOOL],
    source,
    yield_time_ms: 60_000,
    max_output_tokens: null,
    ...fields,
  };
}

/** The programs of these tests. */
const PROGRAMS: Readonly<Record<string, FakeProgram>> = {
  '': (run) => run.end(),
  hi: (run) => {
    run.start();
    run.text('hi');
    run.end();
  },
  hang: (run) => {
    run.start();
    run.text('early');
  },
  tool: (run) => {
    run.start();
    void run.callTool(0, { a: 1 }).then((answer) => {
      run.text(JSON.stringify(answer));
      run.end();
    });
  },
  'tool without input': (run) => {
    run.start();
    void run.callTool(0).then(() => run.end());
  },
  notify: (run) => {
    run.start();
    void run.notify('notice').then(() => run.end());
  },
};

/** A host over programs of the test. */
export function hostOf(options: Partial<HostOptions> & { programs?: typeof PROGRAMS } = {}) {
  const { programs, ...rest } = options;
  const sandbox = new FakeSandbox({ ...PROGRAMS, ...programs });
  return { sandbox, host: new Host({ sandbox, ...rest }) };
}

/** A peer of a host that has sent nothing yet; `ended` is the host's result for the connection. */
export function connect(host: Host): { peer: V1Peer; ended: Promise<Error | null> } {
  const [ours, theirs] = memoryTransports();
  const ended = host.serve(theirs);
  return { peer: new V1Peer(ours), ended };
}

/** A peer with an open session `s`. */
export async function connectWithSession(host: Host, ...capabilities: readonly string[]) {
  const { peer, ended } = connect(host);
  await peer.hello(...capabilities);
  await peer.answer(peer.request('session/open'));
  return { peer, ended };
}
