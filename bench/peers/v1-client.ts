import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PeerDied, type Tool, type ToolInput } from './peer.ts';
import { FrameSplitter, frame } from './v1-frames.ts';

/** The requested capabilities; a host leaves out those that it lacks. */
const WANTED = [
  'session-cell-execution-resource-limits',
  'yield-observation',
  'bounded-output-v1',
  'delegate-capacity-4096',
];
const TOOL_NAME = 'call';
const CLOSE_MS = 2_000;

/** The result of one request. */
interface Result {
  readonly status: 'ok' | 'error';
  readonly message?: string;
  readonly value?: Record<string, unknown>;
}

/** Messages of the host, as far as this client reads them. */
interface HostMessage {
  readonly type: string;
  readonly id: number;
  readonly result?: Result;
  readonly sessionId?: string;
  readonly request?: {
    readonly type: string;
    readonly invocation?: { readonly cell_id: string; readonly input?: ToolInput };
  };
}

interface Waiting {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

/** A cell on the host. */
export interface V1Cell {
  /** Its id, as soon as it was admitted. */
  readonly id: Promise<string>;
  /** The text of its first item of output. Rejects if the cell failed or was terminated. */
  readonly text: Promise<string>;
}

/**
 * A minimal client of protocol version 1, over the standard input and output of a process, with one
 * tool that runs here.
 */
export class V1Client {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #splitter = new FrameSplitter();
  readonly #waiting = new Map<string, Waiting>();
  readonly #calls = new Map<number, AbortController>();
  /** By session and cell: a host may count its cells per session. */
  readonly #tools = new Map<string, Tool>();
  readonly #unclaimed: (() => boolean)[] = [];
  #lastId = 0;
  #gone: PeerDied | null = null;
  #ready = Promise.withResolvers<void>();

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stdin.on('error', () => {});
    child.stderr.resume();
    child.stdout.on('data', (chunk: Buffer) => {
      for (const body of this.#splitter.push(chunk)) this.#read(JSON.parse(body.toString()));
    });
    child.on('error', (error) => this.#lose(error.message));
    child.on('exit', (code, signal) =>
      this.#lose(`the host ended: ${signal ?? `exit code ${code}`}`),
    );
  }

  /**
   * Starts a host and performs the handshake.
   *
   * @throws PeerDied if it ends instead.
   */
  static async start([command = '', ...args]: readonly string[]): Promise<V1Client> {
    const client = new V1Client(spawn(command, args, { stdio: 'pipe' }));
    client.#send({
      type: 'connection/hello',
      supportedVersions: [1],
      requiredCapabilities: [],
      optionalCapabilities: WANTED,
    });
    await client.#ready.promise;
    return client;
  }

  async openSession(sessionId: string): Promise<void> {
    await this.#request({ method: 'session/open', sessionId });
  }

  execute(sessionId: string, source: string, tool: Tool): V1Cell {
    const request = {
      tool_call_id: 'bench',
      enabled_tools: [definition],
      source,
      yield_time_ms: 60_000,
      max_output_tokens: null,
    };
    const first = this.#expect(`execute/initialResponse ${this.#lastId + 1}`);
    const started = this.#request({ method: 'session/execute', sessionId, request });
    const id = started.then(({ value }) => {
      const cellId = String(value?.cellId);
      this.#tools.set(`${sessionId} ${cellId}`, tool);
      for (const claim of this.#unclaimed.splice(0)) if (!claim()) this.#unclaimed.push(claim);
      return cellId;
    });
    id.catch(() => {});
    const text = id.then(() => first).then(textOf);
    text.catch(() => {});
    return { id, text };
  }

  async terminate(sessionId: string, cellId: string): Promise<void> {
    await this.#request({ method: 'session/terminate', sessionId, cellId });
  }

  /** Closes the connection, and kills the host if that is not enough. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_MS);
    await exit;
    clearTimeout(timer);
  }

  #request(request: object): Promise<Result> {
    this.#lastId += 1;
    const answer = this.#expect(`operation/response ${this.#lastId}`);
    this.#send({ type: 'operation/request', id: this.#lastId, request });
    return answer;
  }

  #expect(key: string): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    promise.catch(() => {});
    if (this.#gone !== null) reject(this.#gone);
    else this.#waiting.set(key, { resolve, reject });
    return promise;
  }

  #send(message: object): void {
    if (this.#child.stdin.writable) this.#child.stdin.write(frame(JSON.stringify(message)));
  }

  #read(message: HostMessage): void {
    switch (message.type) {
      case 'connection/ready':
        return this.#ready.resolve();
      case 'operation/response':
      case 'execute/initialResponse':
        return this.#settle(`${message.type} ${message.id}`, message.result);
      case 'delegate/request':
        return this.#serve(message);
      case 'delegate/cancel':
        return this.#calls.get(message.id)?.abort();
    }
  }

  #settle(key: string, result: Result | undefined): void {
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (result?.status === 'ok') waiting?.resolve(result);
    else waiting?.reject(new Error(result?.message ?? 'the host answered without a result'));
  }

  /** A call can arrive before the id of its cell; then it waits for the id. */
  #serve(message: HostMessage): void {
    if (message.request?.type === 'notification/send') {
      const result = { status: 'ok', value: { type: 'notification/delivered' } };
      return this.#send({ type: 'delegate/response', id: message.id, result });
    }
    const cell = `${message.sessionId} ${message.request?.invocation?.cell_id}`;
    const claim = () => {
      const tool = this.#tools.get(cell);
      if (tool !== undefined) void this.#run(message, tool);
      return tool !== undefined;
    };
    if (!claim()) this.#unclaimed.push(claim);
  }

  async #run({ id, request }: HostMessage, tool: Tool): Promise<void> {
    const controller = new AbortController();
    this.#calls.set(id, controller);
    const answer = (result: object) => this.#send({ type: 'delegate/response', id, result });
    try {
      const result = await tool.run(request?.invocation?.input ?? {}, controller.signal);
      answer({ status: 'ok', value: { type: 'tool/result', result: result ?? null } });
    } catch (error) {
      answer({ status: 'error', message: String(error) });
    } finally {
      this.#calls.delete(id);
    }
  }

  #lose(why: string): void {
    this.#gone ??= new PeerDied(why);
    this.#ready.reject(this.#gone);
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
  }
}

const definition = {
  name: TOOL_NAME,
  tool_name: { name: TOOL_NAME, namespace: null },
  description: 'The tool of the bench.',
  kind: 'function',
  input_schema: null,
  output_schema: null,
};

/** The text of a successful cell. */
function textOf({ value }: Result): string {
  const [outcome, fields] = Object.entries(value ?? {})[0] ?? [];
  const result = fields as {
    readonly error_text?: string | null;
    readonly content_items?: readonly { readonly text?: string }[];
  };
  if (outcome !== 'Result') throw new Error(`The cell did not complete: ${outcome}`);
  if (result.error_text) throw new Error(result.error_text);
  return result.content_items?.[0]?.text ?? '';
}
