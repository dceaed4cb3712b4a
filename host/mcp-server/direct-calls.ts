import { randomUUID } from 'node:crypto';
import { ToolCall } from '../../src/delegate.ts';
import type { JsonObject } from '../../src/describe/json-object.ts';
import { Cancelled } from '../../src/errors.ts';
import { onAbort } from '../../src/waiting/on-abort.ts';
import type { NestedTool } from '../mcp/nested-servers.ts';
import type { Ask, ProgressReport } from '../mcp/tool-server.ts';
import type { CallGuard } from './call-guard.ts';
import type { Caller } from './live-cell.ts';
import { type QuestionRound, Questions } from './questions.ts';

const ASKED = Symbol('asked');

/** What it brought: the result of the server, or questions that come first. */
export type DirectAnswer =
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'questions'; readonly callId: string; readonly round: QuestionRound };

/** One of them, which may take several rounds of questions. */
interface DirectCall {
  readonly questions: Questions;
  readonly controller: AbortController;
  readonly result: Promise<unknown>;
  /** Ends the wait of the current round. */
  wake: () => void;
  /** Takes the link to the caller's signal away. */
  unlink: () => void;
}

/** Does something at a server, which may ask meanwhile. */
export type DirectWork = (ask: Ask | undefined, signal: AbortSignal) => Promise<unknown>;

/** What clients ask of nested servers themselves, past any program. */
export class DirectCalls {
  readonly #calls = new Map<string, DirectCall>();
  readonly #guard: CallGuard;

  constructor(guard: CallGuard) {
    this.#guard = guard;
  }

  /**
   * Calls a tool. When the caller cancels, the call is cancelled at its server.
   *
   * @throws What the server refuses the call with; `tool_server_failed`; the signal's reason.
   */
  async call(
    route: NestedTool,
    args: JsonObject,
    caller: Caller,
    onProgress: ((progress: ProgressReport) => void) | undefined,
  ): Promise<DirectAnswer> {
    const toolCall = directToolCall(route, args);
    const origin = { clientCallId: caller.clientCallId, source: undefined };
    return this.start(caller, (ask, signal) =>
      this.#guard({ call: toolCall, route, origin, ask }, signal, (serverAsk) =>
        route.server.call(route.tool, toolCall, signal, { ask: serverAsk, onProgress }),
      ),
    );
  }

  /**
   * Begins something at a server. When the caller cancels, it is cancelled.
   *
   * @throws As `work`.
   */
  async start(caller: Caller, work: DirectWork): Promise<DirectAnswer> {
    const callId = randomUUID();
    const questions = new Questions();
    const controller = new AbortController();
    const ask = askFor(questions, caller, () => this.#calls.get(callId)?.wake());
    const result = Promise.resolve().then(() => work(ask, controller.signal));
    // It may be cancelled while a person is asked, when nobody waits for it.
    result.catch(() => {});
    const nothing = () => {};
    const call: DirectCall = { questions, controller, result, wake: nothing, unlink: nothing };
    this.#calls.set(callId, call);
    return this.#follow(callId, call, caller);
  }

  /** Takes the answers of a round, and goes on. @returns Null if they count no longer. */
  async answer(
    callId: string,
    {
      nonce,
      answers,
    }: { readonly nonce: string; readonly answers: Readonly<Record<string, unknown>> },
    caller: Caller,
  ): Promise<DirectAnswer | null> {
    const call = this.#calls.get(callId);
    if (call === undefined || !call.questions.answer(nonce, answers)) return null;
    return this.#follow(callId, call, caller);
  }

  /** Cancels all calls. */
  close(): void {
    for (const { controller } of this.#calls.values()) controller.abort(new Cancelled('shutdown'));
  }

  async #follow(callId: string, call: DirectCall, caller: Caller): Promise<DirectAnswer> {
    const { signal, spansRounds } = caller;
    call.unlink();
    call.unlink = onAbort(signal, () => call.controller.abort(new Cancelled('terminate')));
    if (signal.aborted) call.controller.abort(new Cancelled('terminate'));
    const { promise: asked, resolve } = Promise.withResolvers<typeof ASKED>();
    call.wake = () => resolve(ASKED);
    if (call.questions.size > 0) call.wake();
    try {
      const result = await Promise.race([call.result, asked]);
      if (result === ASKED) {
        if (!spansRounds) call.unlink();
        return { type: 'questions', callId, round: call.questions.round() };
      }
      this.#forget(callId, call);
      return { type: 'result', result };
    } catch (error) {
      this.#forget(callId, call);
      throw error;
    }
  }

  #forget(callId: string, call: DirectCall): void {
    call.unlink();
    this.#calls.delete(callId);
  }
}

function askFor(questions: Questions, caller: Caller, onAsked: () => void) {
  if (caller.asks.size === 0) return undefined;
  return async (...[question, signal, name]: Parameters<Ask>) => {
    if (!caller.asks.has(question.mode ?? 'form')) return { action: 'decline' as const };
    const answered = questions.ask(question, signal, name);
    onAsked();
    return answered;
  };
}

function directToolCall({ definition, tool }: NestedTool, args: JsonObject): ToolCall {
  return new ToolCall({
    cellId: '0',
    callId: 'direct',
    tool: definition.name,
    toolName: { name: tool.name, namespace: null },
    kind: 'function',
    inputJson: JSON.stringify(args),
  });
}
