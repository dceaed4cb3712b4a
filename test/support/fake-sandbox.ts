import { JsonText } from '../../src/delegate.ts';
import type { ErrorText } from '../../src/errors.ts';
import type { CellFailure, OutputItem } from '../../src/events.ts';
import type { Program, ProgramCalls, ProgramEnd, Sandbox, SandboxRun } from '../../src/sandbox.ts';
import { type TextAnswer, withText } from './text-answer.ts';

/** What a fake program does, a microtask after it was run. */
export type FakeProgram = (run: FakeRun) => void;

/** What a session may do to a program that runs. */
export type Order = 'hold' | 'release' | 'step' | 'kill';

/** Whether a run keeps its process alive. */
export type Reference = 'ref' | 'unref';

/** A sandbox whose programs are functions, found by their source; others do what the test says. */
export class FakeSandbox implements Sandbox {
  readonly isolation = 'process';
  readonly runs: FakeRun[] = [];
  readonly released: symbol[] = [];
  isClosed = false;
  readonly #programs: Readonly<Record<string, FakeProgram>>;

  /** @param programs By source. A program of another source only starts. */
  constructor(programs: Readonly<Record<string, FakeProgram>> = {}) {
    this.#programs = programs;
  }

  /** The run that began last. */
  get last(): FakeRun {
    const run = this.runs.at(-1);
    if (run === undefined) throw new Error('No program was run');
    return run;
  }

  run(program: Program, calls: ProgramCalls, session: symbol): SandboxRun {
    const run = new FakeRun(program, calls, session);
    this.runs.push(run);
    const act = Object.hasOwn(this.#programs, program.source)
      ? this.#programs[program.source]
      : undefined;
    if (act !== undefined) queueMicrotask(() => act(run));
    return run;
  }

  release(session: symbol): void {
    this.released.push(session);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const run of this.runs) run.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** One program, driven by the test. Like any sandbox, it reports nothing after it was killed. */
export class FakeRun implements SandboxRun {
  readonly ended: Promise<ProgramEnd>;
  readonly program: Program;
  readonly session: symbol;
  /** The session's orders to this run, in order. */
  readonly orders: Order[] = [];
  readonly references: Reference[] = [];
  readonly #calls: ProgramCalls;
  readonly #resolve: (end: ProgramEnd) => void;
  readonly #waiting = new Map<number, (answer: TextAnswer) => void>();
  readonly #notifying: (() => void)[] = [];
  #lastCall = 0;
  #paused: PromiseWithResolvers<void> | null = null;
  #killed = false;

  constructor(program: Program, calls: ProgramCalls, session: symbol) {
    const { promise, resolve } = Promise.withResolvers<ProgramEnd>();
    this.ended = promise;
    this.#resolve = resolve;
    this.program = program;
    this.#calls = calls;
    this.session = session;
  }

  get killed(): boolean {
    return this.#killed;
  }

  start(): void {
    if (!this.#killed) this.#calls.started();
  }

  waits(isWaiting: boolean): void {
    if (!this.#killed) this.#calls.waits(isWaiting);
  }

  text(...texts: readonly string[]): void {
    for (const text of texts) void this.output({ type: 'input_text', text });
  }

  /** @returns What a program would have to wait for before more output. */
  output(item: OutputItem): Promise<void> | undefined {
    if (!this.#killed) this.#calls.output(item);
    return this.#paused?.promise;
  }

  store(key: string, json: string): void {
    if (!this.#killed) this.#calls.store(key, json);
  }

  yieldControl(): void {
    if (!this.#killed) this.#calls.yieldControl();
  }

  /** Calls the tool with that index, with this value as its argument. */
  callTool(index = 0, input?: unknown): Promise<TextAnswer> {
    if (this.#killed) return new Promise(() => {});
    const { promise, resolve } = Promise.withResolvers<TextAnswer>();
    this.#lastCall += 1;
    this.#waiting.set(this.#lastCall, resolve);
    const json = input instanceof JsonText ? input : JSON.stringify(input);
    this.#calls.call(this.#lastCall, index, json);
    return promise;
  }

  notify(text: string): Promise<void> {
    if (this.#killed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#notifying.push(resolve);
    this.#calls.notify(text);
    return promise;
  }

  /** What answers wait for; null while there is room. */
  full: Promise<boolean> | null = null;

  room(): Promise<boolean> | null {
    return this.full;
  }

  answer(id: number, ok: boolean, answer: string | JsonText | ErrorText): void {
    this.#waiting.get(id)?.(withText({ ok, text: answer }));
    this.#waiting.delete(id);
  }

  notified(): void {
    this.#notifying.shift()?.();
  }

  pause(): void {
    this.#paused ??= Promise.withResolvers();
  }

  unpause(): void {
    this.#paused?.resolve();
    this.#paused = null;
  }

  frontier(): void {
    if (!this.#killed) this.#calls.frontier();
  }

  end(end: Partial<ProgramEnd> = {}): void {
    if (!this.#killed) this.#resolve({ failure: null, notes: [], ...end });
  }

  fail(failure: CellFailure): void {
    this.end({ failure });
  }

  hold(): void {
    this.orders.push('hold');
  }

  release(): void {
    this.orders.push('release');
  }

  step(): void {
    this.orders.push('step');
  }

  ref(): void {
    this.references.push('ref');
  }

  unref(): void {
    this.references.push('unref');
  }

  kill(): void {
    this.#killed = true;
    this.orders.push('kill');
  }
}
