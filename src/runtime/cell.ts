import { execute } from 'abort-controller-x';
import { ToolCall } from '../delegate.ts';
import type { CancelReason } from '../errors.ts';
import type { CellEvent, CellFailure, MissingReason, OutputItem } from '../events.ts';
import { lengthOfItem } from '../events.ts';
import type { SessionLimits } from '../limits.ts';
import type { Program, ProgramCalls, Sandbox, SandboxRun, ToolAnswer } from '../sandbox.ts';
import type { CellSummary, ObserveMode, WaitOptions } from '../session.ts';
import { commitWrites, type StoredValues } from '../stored-values.ts';
import { startTimer } from '../timer.ts';
import type { OfferedTool } from '../tools.ts';
import type { Callbacks } from './callbacks.ts';
import { Callers, type Reply } from './callers.ts';
import type { CellLane } from './cell-lane.ts';
import { refusalOf } from './cell-refusal.ts';
import { initialState, phaseOf, transition } from './cell-state.ts';
import type { Answer, CellState, Effect, Input } from './cell-types.ts';
import { missingCell } from './missing.ts';
import { OutputGate } from './output-gate.ts';
import { StartClock } from './start-clock.ts';
import { yieldTimeoutMs } from './yield-timeout.ts';

/** What a cell is made of, and whom it tells. */
export interface CellParts {
  readonly id: string;
  readonly program: Program;
  /** By the index the program calls them by. */
  readonly tools: readonly OfferedTool[];
  readonly callId: string | null;
  readonly sandbox: Sandbox;
  readonly session: symbol;
  readonly callbacks: Callbacks;
  /** Where its calls and its news go. */
  readonly lane: CellLane;
  readonly values: StoredValues;
  readonly limits: SessionLimits;
  /** Whether a wait may end with a yield while notifications are delivered. */
  readonly yieldsWhileDraining: boolean;
  /** Called once: no callback runs any more. `buffered`: its completion waits to be asked for. */
  readonly onClosed: (buffered: boolean) => void;
  /** Called once: nobody can ask for this cell any more. */
  readonly onRetired: (reason: MissingReason) => void;
}

const NEVER = new AbortController().signal;

/** One cell: performs what the state machine decides, and turns waiting callers into observers. */
export class Cell implements ProgramCalls {
  readonly #parts: CellParts;
  readonly #bornMs = performance.now();
  readonly #callers = new Callers();
  readonly #gate = new OutputGate();
  /** What the program stored, by key: committed when the cell ends, however it ends but by terminate. */
  readonly #writes = new Map<string, string>();
  #state: CellState;
  #run: SandboxRun | null = null;
  readonly #clock = new StartClock(() => this.#armObserver());
  #runTimer: NodeJS.Timeout | undefined;
  #cancelReason: CancelReason = 'terminate';
  #calls = 0;
  #outputLength = 0;
  #outputCount = 0;
  #undelivered = 0;

  constructor(parts: CellParts) {
    this.#parts = parts;
    this.#state = initialState(parts.program.hold);
  }

  get id(): string {
    return this.#parts.id;
  }

  get lane(): CellLane {
    return this.#parts.lane;
  }

  /** Starts the program. Attach the first observer before. */
  start(): void {
    const { sandbox, program, session } = this.#parts;
    this.#clock.requested();
    this.#run = sandbox.run(program, this, session);
    void this.#run.ended.then((end) => this.#dispatch({ type: 'finish', end }));
  }

  /** Waits for the next event. See `Session.observe`. */
  observe(mode: ObserveMode, { signal, preempt }: WaitOptions): Promise<CellEvent> {
    const { maxYieldAfterMs } = this.#parts.limits;
    const yieldMs =
      'yieldAfterMs' in mode ? yieldTimeoutMs(mode.yieldAfterMs, maxYieldAfterMs) : undefined;
    return execute(signal ?? NEVER, (resolve, reject) => {
      const id = this.#callers.admit(resolve as (reply: Reply) => void, reject, yieldMs);
      const observer = { id, mode: yieldMs === undefined ? 'pending' : 'yield' } as const;
      this.#dispatch({ type: 'observe', observer });
      if (this.#crowded) this.#wakeObserver();
      this.#callers.link(id, preempt, () => this.#elapse(id));
      return () => {
        this.#callers.forget(id);
        this.#dispatch({ type: 'unobserve', id });
      };
    });
  }

  /** Ends the cell. See `Session.terminate`. */
  terminate(reason: CancelReason): Promise<CellEvent> {
    return new Promise((resolve, reject) => {
      const id = this.#callers.admit(resolve as (reply: Reply) => void, reject);
      this.#cancelReason = reason;
      this.#dispatch({ type: 'terminate', id });
    });
  }

  /** Goes on from a frontier. See `Session.resume`. */
  resume(generation: number): Promise<'resumed' | 'already-running' | 'missing'> {
    return new Promise((resolve, reject) => {
      const id = this.#callers.admit(resolve as (reply: Reply) => void, reject);
      this.#dispatch({ type: 'resume', id, generation });
    });
  }

  /** Null where there is nothing left to ask for. */
  summary(): CellSummary | null {
    const state = this.#state;
    const phase = phaseOf(state);
    if (phase === null) return null;
    const { callbacks, id } = this.#parts;
    return {
      cellId: id,
      phase,
      ageMs: performance.now() - this.#bornMs,
      observed: 'observer' in state && state.observer !== null,
      pendingOutput: this.#outputLength,
      pendingCalls: callbacks.pendingCalls,
      pendingNotifications: callbacks.pendingNotifications,
    };
  }

  started(): void {
    const { maxRunMs } = this.#parts.limits;
    this.#runTimer = startTimer(() => this.#stop('maxRunMs', `${maxRunMs} ms`), maxRunMs);
    this.#clock.begin();
  }

  output(item: OutputItem): Promise<void> | undefined {
    if (this.#state.phase !== 'running') return undefined;
    const { maxOutputLength, maxOutputItems } = this.#parts.limits;
    const length = lengthOfItem(item);
    if (this.#outputLength + length > maxOutputLength) {
      this.#stop('maxOutputLength', `${maxOutputLength} characters that nobody observed`);
      return undefined;
    }
    if (this.#outputCount >= maxOutputItems) {
      this.#stop('maxOutputItems', `${maxOutputItems} items that nobody observed`);
      return undefined;
    }
    this.#outputLength += length;
    this.#outputCount += 1;
    this.#dispatch({ type: 'output', item });
    this.#parts.lane.tell({ type: 'output', item });
    if (this.#crowded) this.#wakeObserver();
    return this.#crowded ? this.#gate.wait() : undefined;
  }

  store(key: string, json: string): void {
    if (this.#state.phase === 'running') this.#writes.set(key, json);
  }

  yieldControl(): void {
    this.#dispatch({ type: 'yield-control' });
  }

  invokeTool(index: number, inputJson: string | undefined): Promise<ToolAnswer> {
    const tool = this.#parts.tools[index];
    if (tool === undefined) {
      return Promise.resolve({ ok: false, message: `there is no tool number ${index}` });
    }
    this.#calls += 1;
    const { name, toolName = { name, namespace: null }, kind = 'function' } = tool.definition;
    const callId = `tool-${this.#calls}`;
    const call = new ToolCall({ cellId: this.id, callId, tool: name, toolName, kind, inputJson });
    return this.#parts.lane.invokeTool(call);
  }

  notify(text: string): Promise<void> {
    return this.#parts.lane.notify({ cellId: this.id, callId: this.#parts.callId, text });
  }

  frontier(): void {
    this.#dispatch({ type: 'frontier', pendingCalls: this.#parts.callbacks.pendingCalls });
  }

  /** So much output waits that whoever observes is told at once, and the program has to wait. */
  get #crowded(): boolean {
    const { maxOutputLength, maxOutputItems } = this.#parts.limits;
    return this.#outputLength > maxOutputLength / 2 || this.#outputCount > maxOutputItems / 2;
  }

  #dispatch(input: Input): void {
    const before = phaseOf(this.#state);
    const [next, ...effects] = transition(this.#state, input);
    this.#state = next;
    const phase = phaseOf(next);
    if (phase !== before && phase !== null && phase !== 'completed') {
      this.#parts.lane.tell({ type: 'phase', phase });
    }
    for (const effect of effects) this.#perform(effect);
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
        this.#clock.begin();
        this.#gate.open();
        return this.#run?.kill();
      case 'drain-callbacks':
        return this.#closeCallbacks((callbacks) => callbacks.drain(this.#parts.limits.drainMs));
      case 'cancel-callbacks':
        return this.#closeCallbacks((callbacks) => callbacks.cancel(this.#cancelReason));
      case 'commit':
        return this.#commit();
      case 'announce-closed':
        this.#parts.lane.end(effect.end);
        return this.#parts.onClosed(this.#state.phase === 'completed');
      case 'retire':
        return this.#parts.onRetired(effect.reason);
    }
  }

  #closeCallbacks(close: (callbacks: Callbacks) => Promise<number>): void {
    const { callbacks } = this.#parts;
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
    if (this.#undelivered > 0) {
      notes.push(
        `Notifications given up after ${limits.drainMs} ms (drainMs): ${this.#undelivered}`,
      );
    }
    this.#dispatch({ type: 'committed', notes });
  }

  #stop(limit: keyof SessionLimits, value: string): void {
    const text = `The cell was stopped: it went over the limit ${limit} (${value})`;
    const failure: CellFailure = { kind: 'limit', text };
    this.#dispatch({ type: 'finish', end: { failure, notes: [] } });
  }

  #answer(id: number, answer: Answer): void {
    if (answer.type === 'missing') {
      return this.#callers.resolve(id, missingCell(this.id, 'terminated'));
    }
    this.#outputLength = 0;
    this.#outputCount = 0;
    this.#gate.open();
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
