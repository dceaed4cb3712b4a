import type { HostHello } from '../../host/wire/handshake.ts';
import type { DelegateResult, HostMessage, Operation } from '../../host/wire/protocol.ts';
import { DELIVERED, GATE, RECORDED_TOOLS, toolResult } from './recorded-tools.ts';
import { V1Driver } from './v1-driver.ts';

/** Something that happened, as the recording has it: its label and what came with it. */
export type Step = readonly unknown[];

type DelegateCall = Extract<HostMessage, { type: 'delegate/request' }>;
type Execute = Extract<Operation, { method: 'session/execute' }>['request'];

/** Longest time that a program or an observer is given, in milliseconds. */
const LONG_MS = 3_000;

/** Asks a host, and tells what it does in the messages of version 1. */
export type LifecycleDriver = Pick<V1Driver, keyof V1Driver>;

interface Watcher {
  readonly holds: () => boolean;
  readonly resolve: () => void;
}

/** One host, what it is asked and what it does, written down the way the recording was. */
export class LifecycleRun implements AsyncDisposable {
  readonly steps: Step[] = [];
  readonly driver: LifecycleDriver;
  /** Keeps tool calls unanswered until `release`. */
  holdsCalls = false;
  readonly #held: DelegateCall[] = [];
  readonly #gates: number[] = [];
  readonly #pending = new Map<string, (result: unknown) => void>();
  readonly #watchers = new Set<Watcher>();
  #lastId = 0;

  /**
   * @param signal Kills the host.
   * @param Driver How the host is asked.
   */
  constructor(
    signal: AbortSignal,
    Driver: new (...parts: ConstructorParameters<typeof V1Driver>) => LifecycleDriver = V1Driver,
  ) {
    this.driver = new Driver((message) => this.#receive(message), signal);
    void this.driver.ended.then((code) => this.#ended(code));
  }

  open(sessionId = 's', limits: object = {}): Promise<void> {
    return this.#request({ method: 'session/open', sessionId, ...limits });
  }

  wait(cellId: string, yieldTimeMs = LONG_MS, sessionId = 's'): Promise<void> {
    const request = { cell_id: cellId, yield_time_ms: yieldTimeMs };
    return this.#request({ method: 'session/wait', sessionId, request });
  }

  terminate(cellId: string, sessionId = 's'): Promise<void> {
    return this.#request({ method: 'session/terminate', sessionId, cellId });
  }

  shutdown(sessionId = 's'): Promise<void> {
    return this.#request({ method: 'session/shutdown', sessionId });
  }

  /** Runs a program. Both promises settle when their answer was written down. */
  execute(source: string, yieldTimeMs = LONG_MS, sessionId = 's', fields: Partial<Execute> = {}) {
    const request: Execute = {
      tool_call_id: 'call',
      enabled_tools: [...RECORDED_TOOLS, GATE],
      source,
      yield_time_ms: yieldTimeMs,
      max_output_tokens: null,
      ...fields,
    };
    const started = this.#request({ method: 'session/execute', sessionId, request }, 'started');
    const first = this.#expect(`initial ${this.#lastId}`, 'first');
    return { started, first };
  }

  /** Cancels the last request, or another one. */
  cancel(id = this.#lastId): void {
    this.driver.send({ type: 'operation/cancel', id });
  }

  /** Asks for the answer to the last request at once. */
  preempt(): void {
    this.driver.send({ type: 'operation/yield', id: this.#lastId });
  }

  /** Resolves when a program waits in the gate. */
  reached(): Promise<void> {
    return this.#until(() => this.#gates.length > 0);
  }

  /** Lets the programs that wait in the gate go on. */
  pass(): void {
    for (const id of this.#gates.splice(0)) this.driver.respond(id, toolResult(null));
  }

  /** Resolves when a tool call is held. */
  called(): Promise<void> {
    return this.#until(() => this.#held.length > 0);
  }

  /** Answers the held calls, each with its argument or with `result`. */
  release(result?: DelegateResult): void {
    this.holdsCalls = false;
    for (const call of this.#held.splice(0)) this.#answer(call, result);
  }

  /** Resolves when the host has told of so many things with this label and detail. */
  seen(step: Step, count = 1): Promise<void> {
    const text = JSON.stringify(step);
    const isStep = (each: Step) => JSON.stringify(each) === text;
    return this.#until(() => this.steps.filter(isStep).length >= count);
  }

  /** Ends the input of the host and resolves when its end was written down. */
  async end(): Promise<void> {
    await this.driver.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver[Symbol.asyncDispose]();
  }

  #request(request: Operation, label: string = request.method): Promise<void> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = this.#expect(`response ${id}`, label);
    this.driver.send({ type: 'operation/request', id, request });
    return answered;
  }

  #expect(key: string, label: string): Promise<void> {
    return new Promise((resolve) => {
      this.#pending.set(key, (result) => {
        this.#pending.delete(key);
        this.#add(label, result);
        resolve();
      });
    });
  }

  #receive(message: HostMessage | HostHello): void {
    switch (message.type) {
      case 'connection/ready':
        return;
      case 'operation/response':
        return this.#pending.get(`response ${message.id}`)?.(message.result);
      case 'execute/initialResponse':
        return this.#pending.get(`initial ${message.id}`)?.(message.result);
      case 'delegate/request':
        return this.#called(message);
      case 'delegate/cancel':
        return this.#add('delegate/cancel');
      case 'cell/closed':
        return this.#add('cell/closed', message.cellId);
      case 'connection/rejected':
        return this.#add('other', message);
    }
  }

  #called(call: DelegateCall): void {
    const { request } = call;
    if (request.type === 'notification/send') {
      this.#add('notify', request.text);
    } else {
      const { tool_name, runtime_tool_call_id } = request.invocation;
      if (tool_name.name === GATE.name) {
        this.#gates.push(call.id);
        return this.#notice();
      }
      this.#add('tool', tool_name.name, runtime_tool_call_id);
    }
    if (!this.holdsCalls) return this.#answer(call);
    this.#held.push(call);
    this.#notice();
  }

  #answer({ id, request }: DelegateCall, result?: DelegateResult): void {
    const usual =
      request.type === 'tool/invoke' ? toolResult(request.invocation.input ?? null) : DELIVERED;
    this.driver.respond(id, result ?? usual);
  }

  #ended(code: number | null): void {
    this.#add('host exit', code === 0 ? 0 : 'nonzero');
    for (const fail of [...this.#pending.values()]) fail('DEAD');
  }

  #add(...step: Step): void {
    this.steps.push(step);
    this.#notice();
  }

  #until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.add({ holds, resolve }));
  }

  #notice(): void {
    for (const watcher of this.#watchers) {
      if (!watcher.holds()) continue;
      this.#watchers.delete(watcher);
      watcher.resolve();
    }
  }
}
