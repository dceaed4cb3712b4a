import { RecentMap } from '../../src/collections/recent-map.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { CellEvent, PendingCall } from '../../src/events.ts';
import type { CellPhase } from '../../src/live-events.ts';
import { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import type { GuestGlobals, Sandbox } from '../../src/sandbox.ts';
import type { Session } from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import { type Caller, type CallTool, LiveCell } from './live-cell.ts';
import type { QuestionRound } from './questions.ts';

/** Cells that are remembered after their end, to say why they are gone. */
const REMEMBERED = 1024;
/** What is left of a wait at least when its questions are answered, in milliseconds. */
const MIN_LEFT_MS = 250;

/** What a session is made of. */
export interface CodeSessionOptions {
  readonly sandbox: Sandbox;
  readonly globals: GuestGlobals;
  /** The tools of a program that starts now. */
  readonly tools: () => readonly ToolDefinition[];
  readonly callTool: CallTool;
  /** What clients know a cell by, from its number in this session. */
  readonly publicId: (cellId: string) => string;
  /** Called with output as it is delivered, before anything is cut. */
  readonly onOutput: (publicId: string, items: CellEvent['items']) => void;
}

/** What a wait brought: an event of a cell, or questions that must be answered before it goes on. */
export type Followed =
  | { readonly type: 'event'; readonly event: CellEvent; readonly calls: readonly PendingCall[] }
  | {
      readonly type: 'questions';
      readonly cellId: string;
      readonly round: QuestionRound;
      /** What is left of the wait, in milliseconds. */
      readonly leftMs: number;
    };

/** One live cell, for lists. */
export interface ListedCell {
  readonly cellId: string;
  readonly ageMs: number;
  readonly phase: CellPhase;
  readonly openQuestions: number;
  readonly calls: readonly {
    readonly tool: string;
    readonly callId: string;
    readonly forMs: number;
  }[];
}

interface KnownCell {
  readonly runtimeId: string;
  readonly cell: LiveCell;
}

/** The cells of one conversation with MCP clients. */
export class CodeSession implements AsyncDisposable {
  readonly #options: CodeSessionOptions;
  readonly #runtime: Session;
  readonly #live = new Map<string, KnownCell>();
  /** Of the live cells, by their ids in the runtime. */
  readonly #publicIds = new Map<string, string>();
  readonly #gone = new RecentMap<string, string>(REMEMBERED);

  constructor(options: CodeSessionOptions) {
    this.#options = options;
    const { sandbox, globals } = options;
    this.#runtime = new SessionRuntime({
      sandbox,
      delegate: NO_DELEGATE,
      console: true,
      globals,
      onRetired: (runtimeId) => this.#retire(runtimeId),
    });
  }

  /**
   * Runs a program. When the caller cancels, its cell is terminated.
   *
   * @throws As `Session.execute`.
   */
  async exec(source: string, yieldAfterMs: number, caller: Caller): Promise<Followed> {
    caller.signal.throwIfAborted();
    const cell = new LiveCell(this.#options.callTool, caller, source);
    const preempt = cell.waitFor(caller, false);
    const tools = this.#options.tools();
    const observe = { yieldAfterMs };
    const begun = performance.now();
    const request = { source, tools, observe, delegate: cell };
    const { cellId: runtimeId, first } = await this.#runtime.execute(request, { preempt });
    const cellId = this.#options.publicId(runtimeId);
    this.#live.set(cellId, { runtimeId, cell });
    this.#publicIds.set(runtimeId, cellId);
    this.#endWith(cell, runtimeId, caller);
    return this.#follow(cellId, cell, first, caller, begun + yieldAfterMs);
  }

  /**
   * Waits for news of a cell. When the caller cancels, only the wait ends.
   *
   * @throws `cell_busy`, or the signal's reason.
   */
  async wait(cellId: string, yieldAfterMs: number, caller: Caller): Promise<Followed> {
    const known = this.#live.get(cellId);
    if (known === undefined) return this.#missing(cellId);
    return this.#observe(cellId, known, { yieldAfterMs, wakesOnNotes: true }, caller);
  }

  /**
   * Takes the answers of a round of questions, and goes on with the wait that they interrupted.
   *
   * @param isExec Whether the cell ends when the caller cancels.
   * @returns Null if the answers count no longer.
   */
  async answer(
    cellId: string,
    {
      nonce,
      answers,
    }: { readonly nonce: string; readonly answers: Readonly<Record<string, unknown>> },
    {
      leftMs,
      isExec,
      caller,
    }: { readonly leftMs: number; readonly isExec: boolean; readonly caller: Caller },
  ): Promise<Followed | null> {
    const known = this.#live.get(cellId);
    if (known === undefined || !known.cell.questions.answer(nonce, answers)) return null;
    if (isExec) this.#endWith(known.cell, known.runtimeId, caller);
    const wait = { yieldAfterMs: leftMs, wakesOnNotes: !isExec };
    return this.#observe(cellId, known, wait, caller);
  }

  /** Ends a cell, and brings what it showed. @throws `cell_terminating`. */
  async terminate(cellId: string): Promise<Followed> {
    const known = this.#live.get(cellId);
    if (known === undefined) return this.#missing(cellId);
    const event = await this.#runtime.terminate(known.runtimeId);
    return { type: 'event', event: this.#delivered(cellId, known.cell, event), calls: [] };
  }

  /** Ends all cells that run; those who wait for them are told. Stored values stay. */
  async terminateAll(): Promise<void> {
    const ids = [...this.#publicIds.keys()];
    // A cell that ends meanwhile, or is being terminated, needs no second end.
    await Promise.all(ids.map((id) => this.#runtime.terminate(id).catch(() => {})));
  }

  /** The cells whose end was not delivered yet, oldest first. */
  async cells(): Promise<readonly ListedCell[]> {
    const summaries = await this.#runtime.cells();
    const now = performance.now();
    return summaries.flatMap(({ cellId: runtimeId, phase, ageMs }) => {
      const cellId = this.#publicIds.get(runtimeId);
      const cell = cellId === undefined ? undefined : this.#live.get(cellId)?.cell;
      if (cellId === undefined || cell === undefined) return [];
      const calls = cell.calls.map(({ tool, callId, sinceMs }) => ({
        tool,
        callId,
        forMs: now - sinceMs,
      }));
      return [{ cellId, ageMs, phase, openQuestions: cell.questions.size, calls }];
    });
  }

  /** Terminates every cell. Safe to call twice. */
  async close(): Promise<void> {
    await this.#runtime.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #endWith(cell: LiveCell, runtimeId: string, caller: Caller): void {
    // Who cancelled gets no answer, and another caller is told what happened to the cell.
    cell.endWith(caller, () => void this.#runtime.terminate(runtimeId).catch(() => {}));
  }

  async #observe(
    cellId: string,
    { runtimeId, cell }: KnownCell,
    {
      yieldAfterMs,
      wakesOnNotes,
    }: { readonly yieldAfterMs: number; readonly wakesOnNotes: boolean },
    caller: Caller,
  ): Promise<Followed> {
    if (cell.isWaited) throw busy(cellId);
    const begun = performance.now();
    const preempt = cell.waitFor(caller, wakesOnNotes);
    const observed = this.#runtime.observe(
      runtimeId,
      { yieldAfterMs },
      { preempt, signal: caller.signal },
    );
    return this.#follow(cellId, cell, observed, caller, begun + yieldAfterMs);
  }

  async #follow(
    cellId: string,
    cell: LiveCell,
    observed: Promise<CellEvent>,
    caller: Caller,
    untilMs: number,
  ): Promise<Followed> {
    const event = await observed.finally(() => cell.endWait());
    if (event.type === 'yielded' && caller.asks.size > 0 && cell.questions.size > 0) {
      cell.keep(event.items);
      // The next round is a request of its own; the end of this one must not end the cell.
      if (!caller.spansRounds) cell.unlink();
      const leftMs = Math.max(MIN_LEFT_MS, untilMs - performance.now());
      return { type: 'questions', cellId, round: cell.questions.round(), leftMs };
    }
    cell.unlink();
    return { type: 'event', event: this.#delivered(cellId, cell, event), calls: cell.calls };
  }

  /** The event under the id that clients know, with what was kept for it. */
  #delivered(cellId: string, cell: LiveCell, event: CellEvent): CellEvent {
    const items = [...cell.takeKept(), ...event.items];
    // Everybody who waits is told of an end, with the same output.
    if (!cell.isOver) this.#options.onOutput(cellId, items);
    cell.isOver ||= event.type !== 'yielded' && event.type !== 'pending';
    if (event.type === 'missing') return missing(cellId, event.reason);
    return { ...event, cellId, items };
  }

  #retire(runtimeId: string): void {
    const cellId = this.#publicIds.get(runtimeId);
    if (cellId === undefined) return;
    this.#publicIds.delete(runtimeId);
    this.#live.delete(cellId);
    this.#gone.set(cellId, runtimeId);
  }

  async #missing(cellId: string): Promise<Followed> {
    const runtimeId = this.#gone.get(cellId);
    const event = runtimeId === undefined ? null : await this.#runtime.observe(runtimeId);
    const reason = event?.type === 'missing' ? event.reason : 'unknown';
    return { type: 'event', event: missing(cellId, reason), calls: [] };
  }
}

function busy(cellId: string): CodeModeError {
  const message = `Cannot wait for cell ${cellId}: another call is waiting for it`;
  return new CodeModeError('cell_busy', message);
}

function missing(
  cellId: string,
  reason: Extract<CellEvent, { type: 'missing' }>['reason'],
): CellEvent {
  const message = `exec cell ${cellId} not found`;
  return { type: 'missing', cellId, items: [], reason, message };
}

/** Each cell has a delegate of its own. */
const NO_DELEGATE = { invokeTool: async () => null, notify: async () => {} };
