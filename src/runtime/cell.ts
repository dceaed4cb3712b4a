import { execute } from 'abort-controller-x';
import type { JsonText, ToolCall } from '../delegate.ts';
import type { CancelReason } from '../errors.ts';
import type { CellEvent, OutputItem } from '../events.ts';
import type { ProgramCalls, SandboxRun } from '../sandbox.ts';
import type { CellSummary, ObserveMode, WaitOptions } from '../session.ts';
import { commitWrites } from '../stored-values.ts';
import { startTimer } from '../waiting/timer.ts';
import { ByteBudget } from './byte-budget.ts';
import { type CallbackResults, Callbacks } from './callbacks.ts';
import { type CallerReply, Callers } from './callers.ts';
import type { CellParts } from './cell-parts.ts';
import type { CellRecord } from './cell-record.ts';
import { refusalOf } from './cell-refusal.ts';
import { initialState, phaseOf, transition } from './cell-state.ts';
import type { Answer, CellState, Effect, Input } from './cell-types.ts';
import { missingCell } from './missing.ts';
import { StartClock } from './start-clock.ts';
import type { ToolAnswer } from './tool-answer.ts';
import { toToolCall } from './tool-call.ts';
import { UnreadOutput } from './unread-output.ts';
import { yieldTimeoutMs } from './yield-timeout.ts';

const NEVER = new AbortController().signal;
const OUTPUT_UNITS = {
  maxOutputLength: 'characters',
  maxOutputItems: 'items',
  maxOutputBytes: 'bytes of JSON',
};

/** One cell: performs what the state machine decides, and turns waiting callers into observers. */
export class Cell implements ProgramCalls, CallbackResults {
  readonly #parts: CellParts;
  readonly #bornMs = performance.now();
  readonly #callers: Callers;
  readonly #callbacks: Callbacks;
  readonly #unread: UnreadOutput;
  /** What the program stored, by key: committed when the cell ends, unless it is terminated. */
  readonly #writes = new Map<string, string>();
  #state: CellState;
  #run: SandboxRun | null = null;
  readonly #clock = new StartClock(() => this.#armObserver());
  #runTimer: NodeJS.Timeout | undefined;
  #cancelReason: CancelReason = 'terminate';
  #undelivered = 0;

  constructor(parts: CellParts) {
    this.#parts = parts;
    this.#callers = new Callers(parts.keepAlive);
    this.#state = initialState(parts.program.hold);
    this.#unread = new UnreadOutput(parts.limits);
    const budget = new ByteBudget(
      'maxCellPendingBytes',
      parts.limits.maxCellPendingBytes,
      parts.budget,
    );
    this.#callbacks = new Callbacks(parts.delegate, parts.counts, this, budget);
  }

  get id(): string {
    return this.#parts.id;
  }

  get record(): CellRecord {
    return this.#parts.record;
  }

  /** Starts the program. Attach the first observer beforehand. */
  start(): void {
    const { sandbox, program, session, keepAlive } = this.#parts;
    this.#clock.requested();
    this.#run = sandbox.run(program, this, session);
    keepAlive.begin(this.#run);
    void this.#run.ended.then((end) => this.#dispatch({ type: 'finish', end }));
  }

  /** Waits for the next event. See `Session.observe`. */
  observe(mode: ObserveMode, { signal, preempt }: WaitOptions): Promise<CellEvent> {
    const { maxYieldAfterMs } = this.#parts.limits;
    const yieldMs =
      'yieldAfterMs' in mode ? yieldTimeoutMs(mode.yieldAfterMs, maxYieldAfterMs) : undefined;
    return execute(signal ?? NEVER, (resolve, reject) => {
      const id = this.#callers.admit(resolve as (reply: CallerReply) => void, reject, yieldMs);
      const observer = { id, mode: yieldMs === undefined ? 'pending' : 'yield' } as const;
      this.#dispatch({ type: 'observe', observer });
      if (this.#unread.isCrowded) this.#wakeObserver();
      this.#callers.link(id, preempt, () => this.#elapse(id));
      return () => {
        this.#callers.forget(id);
        this.#dispatch({ type: 'unobserve', id });
      };
    });
  }

  /** Ends the cell. See `Session.terminate`. */
  terminate(reason: CancelReason): Promise<CellEvent> {
    this.#cancelReason = reason;
    return this.#ask((id) => ({ type: 'terminate', id }));
  }

  /** Resumes from a frontier. See `Session.resume`. */
  resume(generation: number): Promise<'resumed' | 'already-running' | 'missing'> {
    return this.#ask((id) => ({ type: 'resume', id, generation }));
  }

  /** Null if nothing of the cell is left. */
  summary(): CellSummary | null {
    const state = this.#state;
    const phase = phaseOf(state);
    if (phase === null) return null;
    const callbacks = this.#callbacks;
    return {
      cellId: this.id,
      phase,
      ageMs: performance.now() - this.#bornMs,
      observed: 'observer' in state && state.observer !== null,
      pendingOutput: this.#unread.length,
      pendingCalls: callbacks.pendingCalls,
      pendingNotifications: callbacks.pendingNotifications,
    };
  }

  started(): void {
    const { maxRunMs } = this.#parts.limits;
    this.#runTimer = startTimer(() => {
      this.#stop(`The cell timed out after ${maxRunMs} ms (CLI: --timeout; API: maxRunMs)`);
    }, maxRunMs)?.unref();
    this.#clock.begin();
  }

  waits(isWaiting: boolean): void {
    this.#dispatch({ type: 'waits', isWaiting });
  }

  output(item: OutputItem): void {
    if (this.#state.phase !== 'running') return;
    const over = this.#unread.add(item);
    if (over !== null) {
      const bound = `${this.#parts.limits[over]} ${OUTPUT_UNITS[over]} that nobody observed`;
      return this.#stop(`The cell was stopped: it went over the limit ${over} (${bound})`);
    }
    this.#dispatch({ type: 'output', item });
    this.record.output(item);
    if (this.#unread.isCrowded) this.#wakeObserver();
    if (this.#unread.isCrowded && this.#run !== null) this.#unread.pause(this.#run);
  }

  store(key: string, json: string): void {
    if (this.#state.phase === 'running') this.#writes.set(key, json);
  }

  yieldControl(): void {
    this.#dispatch({ type: 'yield-control' });
  }

  call(id: number, index: number, inputJson: string | JsonText | undefined): void {
    const tool = this.#parts.tools[index];
    if (tool === undefined) return this.#run?.answer(id, false, `there is no tool number ${index}`);
    const call = toToolCall(this.id, id, tool, inputJson);
    this.record.toolStarted(call.callId, call.tool);
    this.#parts.keepAlive.hold();
    this.#callbacks.invokeTool(id, call);
  }

  toolEnded(id: number, { callId }: ToolCall, { ok, text }: ToolAnswer): void {
    this.record.toolEnded(callId, ok);
    this.#run?.answer(id, ok, text);
    this.#parts.keepAlive.drop();
  }

  room(): Promise<boolean> | null {
    return this.#run?.room() ?? null;
  }

  notify(text: string): void {
    this.record.notified(text);
    this.#parts.keepAlive.hold();
    this.#callbacks.notify({ cellId: this.id, callId: this.#parts.callId, text });
  }

  notified(): void {
    this.#run?.notified();
    this.#parts.keepAlive.drop();
  }

  overrun({ name, maxBytes }: ByteBudget): void {
    const bound = `${maxBytes} bytes that wait for the delegate`;
    this.#stop(`The cell was stopped: it went over the limit ${name} (${bound})`);
  }

  frontier(): void {
    this.#dispatch({ type: 'frontier', pendingCalls: this.#callbacks.pendingCalls });
  }

  #ask<R extends CallerReply>(input: (id: number) => Input): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#dispatch(input(this.#callers.admit(resolve as (reply: CallerReply) => void, reject)));
    });
  }

  #dispatch(input: Input): void {
    const before = phaseOf(this.#state);
    const step = transition(this.#state, input);
    [this.#state] = step;
    const phase = phaseOf(this.#state);
    if (phase !== before && phase !== null && phase !== 'completed') this.record.phase(phase);
    for (let at = 1; at < step.length; at += 1) this.#perform(step[at] as Effect);
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'answer':
        return this.#answer(effect.id, effect.answer);
      case 'refuse':
        return this.#callers.reject(effect.id, refusalOf(this.id, effect));
      case 'resumed':
        return this.#callers.resolve(effect.id, effect.result);
      case 'arm-yield-timer':
        return this.#arm(effect.id);
      case 'hold':
        return this.#run?.hold();
      case 'release':
        return this.#run?.release();
      case 'step':
        return this.#run?.step();
      case 'kill-sandbox':
        clearTimeout(this.#runTimer);
        this.#parts.keepAlive.end();
        this.#clock.begin();
        this.#unread.unpause();
        return this.#run?.kill();
      case 'drain-callbacks':
        return this.#closeCallbacks((callbacks) => callbacks.drain(this.#parts.limits.drainMs));
      case 'cancel-callbacks':
        return this.#closeCallbacks((callbacks) => callbacks.cancel(this.#cancelReason));
      case 'commit':
        return this.#commit();
      case 'announce-closed':
        this.record.end(effect.end);
        return this.#parts.onClosed(this.#state.phase === 'completed');
      case 'retire':
        return this.#parts.onRetired(effect.reason);
    }
  }

  #closeCallbacks(close: (callbacks: Callbacks) => Promise<number>): void {
    const callbacks = this.#callbacks;
    const { idle } = callbacks;
    const closed = close(callbacks);
    if (idle) return this.#dispatch({ type: 'callbacks-closed' });
    void closed.then((undelivered) => {
      this.#undelivered = undelivered;
      this.#dispatch({ type: 'callbacks-closed' });
    });
  }

  #commit(): void {
    const { values, limits } = this.#parts;
    const notes = commitWrites(values, this.#writes, limits);
    const given = this.#undelivered;
    if (given > 0) {
      notes.push(`Notifications given up after ${limits.drainMs} ms (drainMs): ${given}`);
    }
    this.#dispatch({ type: 'committed', notes });
  }

  /** @param text Names the limit that ends the cell. */
  #stop(text: string): void {
    this.#dispatch({ type: 'finish', end: { failure: { kind: 'limit', text }, notes: [] } });
  }

  #answer(id: number, answer: Answer): void {
    if (answer.type === 'missing') {
      return this.#callers.resolve(id, missingCell(this.id, 'terminated'));
    }
    this.#unread.taken();
    this.#callers.resolve(id, { cellId: this.id, ...answer });
  }

  #elapse(id: number): void {
    if (this.#state.phase === 'draining' && !this.#parts.yieldsWhileDraining) return;
    this.#dispatch({ type: 'elapsed', id });
  }

  #armObserver(): void {
    const state = this.#state;
    if ('observer' in state && state.observer?.mode === 'yield') this.#arm(state.observer.id);
  }

  #arm(id: number): void {
    if (this.#clock.hasBegun) this.#callers.arm(id, () => this.#elapse(id));
  }

  #wakeObserver(): void {
    const state = this.#state;
    if (state.phase !== 'running' || state.observer?.mode !== 'yield') return;
    this.#dispatch({ type: 'elapsed', id: state.observer.id });
  }
}
