import type { Delegate, Notification, ToolCall } from '../../src/delegate.ts';
import { CellNotes } from '../../src/describe/cell-notes.ts';
import type { OutputItem } from '../../src/events.ts';
import type { Ask } from '../mcp/tool-server.ts';
import type { CallOrigin } from './call-guard.ts';
import type { Progress } from './progress.ts';
import { Questions } from './questions.ts';

/** Runs the tool calls of programs. `ask` is there if a person can be asked. */
export type CallTool = (
  call: ToolCall,
  signal: AbortSignal,
  ask: Ask | undefined,
  origin: CallOrigin,
) => Promise<unknown>;

/** Who waits for a cell: a request of a client. */
export interface Caller {
  /** Aborts when the request is cancelled. */
  readonly signal: AbortSignal;
  /** Tells the client that its request goes on; undefined if it did not ask for that. */
  readonly progress: Progress | undefined;
  /** Whether one request lasts over all rounds of questions, as for older clients. */
  readonly spansRounds: boolean;
  /** The kinds of questions that the client can put to a person. */
  readonly asks: ReadonlySet<QuestionKind>;
  /** What the client itself calls the request; undefined if it does not say. */
  readonly clientCallId?: string | undefined;
}

/** How a person is asked: with a form, or by opening an address. */
export type QuestionKind = 'form' | 'url';

/** A call that a program waits for, and since when. */
export interface RunningCall {
  readonly callId: string;
  readonly tool: string;
  /** As `performance.now()`. */
  readonly sinceMs: number;
}

/** One running cell: does what its program asks for, and wakes up who waits for it. */
export class LiveCell implements Delegate {
  readonly startedMs = performance.now();
  /** Whether its last event was delivered. */
  isOver = false;
  readonly questions = new Questions();
  readonly #callTool: CallTool;
  readonly #origin: CallOrigin;
  readonly #calls = new Map<string, RunningCall>();
  readonly #notes = new CellNotes();
  #kept: readonly OutputItem[] = [];
  #caller: Caller | undefined;
  #asks: ReadonlySet<QuestionKind>;
  #wake: AbortController | undefined;
  #wakesOnNotes = false;
  #unlink: () => void = () => {};

  constructor(callTool: CallTool, caller: Caller, source: string) {
    this.#callTool = callTool;
    this.#origin = { clientCallId: caller.clientCallId, source };
    this.#asks = caller.asks;
  }

  /** Whether somebody waits for it. */
  get isWaited(): boolean {
    return this.#caller !== undefined;
  }

  /** The calls that have not come back, in call order. */
  get calls(): readonly RunningCall[] {
    return [...this.#calls.values()];
  }

  async invokeTool(call: ToolCall, signal: AbortSignal): Promise<unknown> {
    const { callId, tool } = call;
    this.#calls.set(callId, { callId, tool, sinceMs: performance.now() });
    this.#caller?.progress?.say(`${tool} started`);
    const ask: Ask | undefined =
      this.#asks.size > 0 ? (...question) => this.#ask(...question) : undefined;
    try {
      return await this.#callTool(call, signal, ask, this.#origin);
    } finally {
      this.#calls.delete(callId);
      this.#caller?.progress?.say(`${tool} ended`);
    }
  }

  async notify({ text }: Notification): Promise<void> {
    this.#notes.add(text);
    this.#caller?.progress?.say(text);
    if (this.#wakesOnNotes) this.#wake?.abort();
  }

  /**
   * Begins a wait.
   *
   * @param wakesOnNotes Whether a notification ends it early.
   * @returns Aborts when there is news that a client should see at once.
   */
  waitFor(caller: Caller, wakesOnNotes: boolean): AbortSignal {
    this.#caller = caller;
    this.#asks = caller.asks;
    this.#wakesOnNotes = wakesOnNotes;
    this.#wake = new AbortController();
    const hasNews = wakesOnNotes && !this.#notes.isEmpty;
    if (hasNews || (caller.asks.size > 0 && this.questions.size > 0)) this.#wake.abort();
    return this.#wake.signal;
  }

  /** Calls `terminate` when the caller cancels its request, until `unlink` or another link. */
  endWith({ signal }: Caller, terminate: () => void): void {
    this.#unlink();
    signal.addEventListener('abort', terminate);
    this.#unlink = () => signal.removeEventListener('abort', terminate);
    if (signal.aborted) terminate();
  }

  /** The wait is over: its caller hears of no more news. */
  endWait(): void {
    this.#caller = undefined;
    this.#wake = undefined;
  }

  /** The caller has its answer: cancelling has no effect any more. */
  unlink(): void {
    this.#unlink();
    this.#unlink = () => {};
  }

  /** Keeps output for the next answer, because this one is a question. */
  keep(items: readonly OutputItem[]): void {
    this.#kept = [...this.#kept, ...items];
  }

  /** Takes what waits for the next answer: notifications, and output that was kept. */
  takeKept(): readonly OutputItem[] {
    const notes = this.#notes.take();
    const kept = [
      ...notes.map((text): OutputItem => ({ type: 'input_text', text })),
      ...this.#kept,
    ];
    this.#kept = [];
    return kept;
  }

  async #ask(...[question, signal]: Parameters<Ask>): ReturnType<Ask> {
    if (!this.#asks.has(question.mode ?? 'form')) return { action: 'decline' };
    const answered = this.questions.ask(question, signal);
    if ((this.#caller?.asks.size ?? 0) > 0) this.#wake?.abort();
    return answered;
  }
}
