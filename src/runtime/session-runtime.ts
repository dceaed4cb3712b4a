import { RecentSet } from '../collections/recent-set.ts';
import type { Delegate } from '../delegate.ts';
import { runCell } from '../embed/run-cell.ts';
import { CodeModeError } from '../errors.ts';
import type { CellEvent, MissingReason } from '../events.ts';
import { DEFAULT_SESSION_LIMITS, type SessionLimits, withDefaults } from '../limits.ts';
import type { EventsOptions, LiveEvents } from '../live-events.ts';
import type { Sandbox } from '../sandbox.ts';
import type {
  CellResult,
  CellSummary,
  ExecuteRequest,
  ObserveMode,
  RunCellOptions,
  Session,
  SessionSettings,
  StartedCell,
  WaitOptions,
} from '../session.ts';
import { MemoryStoredValues, type StoredValues, type ValuesSnapshot } from '../stored-values.ts';
import type { ToolDefinition } from '../tools.ts';
import { ByteBudget } from './byte-budget.ts';
import type { CallbackCounts } from './callbacks.ts';
import { Cell } from './cell.ts';
import { CellRecords, type Journal } from './cell-records.ts';
import { checkSource, shuttingDown, tooManyCells } from './check-admission.ts';
import {
  checkCellId,
  checkExecute,
  checkObserve,
  checkResume,
  checkSessionOptions,
} from './check-arguments.ts';
import { EventReader } from './event-reader.ts';
import { KeepAlive } from './keep-alive.ts';
import { type MissingEvent, missingCell, missingSource, Tombstones } from './missing.ts';
import { DEFAULT_OBSERVE } from './observe-mode.ts';
import { tellClosed } from './tell-closed.ts';
import { ToolOffers } from './tool-offers.ts';

/** Options of a session in this process. */
export interface SessionRuntimeOptions extends SessionSettings {
  /** Runs tool calls and delivers notifications. */
  readonly delegate: Delegate;
  /** Where programs run. Sessions can share it, and closing a session does not close it. */
  readonly sandbox: Sandbox;
  /** By which the sandbox knows this session. Default: a new one. */
  readonly symbol?: symbol;
  /** The default tools of a cell. */
  readonly tools?: readonly ToolDefinition[];
  /** Default: in memory, for this session only. */
  readonly storedValues?: StoredValues;
  /**
   * Whether identifiers of tools are ASCII, as in Codex code mode; then only the first of several tools
   * with the same identifier is offered. Default: false.
   */
  readonly asciiToolNames?: boolean;
  /** Whether waits also yield while the notifications of a finished program are delivered. Default: true. */
  readonly yieldsWhileDraining?: boolean;
  /**
   * Called in place with every event of every cell, before any reader gets it. No event is dropped.
   * Must not throw.
   */
  readonly journal?: Journal;
  /** Bounds what is pending at the delegates of several sessions. Default: none beyond `maxPendingBytes`. */
  readonly budget?: ByteBudget;
  /**
   * Called once for each cell when it can no longer be observed, because its end was delivered or it
   * was forgotten. Must not throw.
   */
  readonly onRetired?: (cellId: string, reason: MissingReason) => void;
}

/** A session in this process. See `Session`. */
export class SessionRuntime implements Session {
  readonly #options: SessionRuntimeOptions;
  readonly #limits: SessionLimits;
  readonly #values: StoredValues;
  /** Identifies this session to its sandbox. */
  readonly symbol: symbol;
  readonly #cells = new Map<string, Cell>();
  readonly #live = new Set<string>();
  readonly #completed: RecentSet<string>;
  readonly #tombstones = new Tombstones();
  readonly #counts: CallbackCounts = { abandoned: 0, late: 0 };
  readonly #records: CellRecords;
  readonly #budget: ByteBudget;
  readonly #offers: ToolOffers;
  #lastId = 0;
  #closing: Promise<void> | null = null;

  /**
   * @throws `invalid_argument` for invalid options, tools whose names clash, an unknown limit, or a limit
   *   that is not a number.
   */
  constructor(options: SessionRuntimeOptions) {
    checkSessionOptions(options);
    this.#offers = new ToolOffers(options.tools, options.asciiToolNames);
    this.#options = options;
    this.symbol = options.symbol ?? Symbol('session');
    this.#limits = withDefaults(DEFAULT_SESSION_LIMITS, options.limits);
    this.#budget = new ByteBudget('maxPendingBytes', this.#limits.maxPendingBytes, options.budget);
    this.#completed = new RecentSet(this.#limits.maxCompletedCells);
    this.#records = new CellRecords(options.journal);
    this.#values = options.storedValues ?? new MemoryStoredValues();
  }

  /** Callbacks that did not stop in time, since the session began. */
  get counts(): Readonly<CallbackCounts> {
    return { ...this.#counts };
  }

  /** The number of events in the records of this session, and their cost in bytes. */
  get recorded(): { readonly events: number; readonly bytes: number } {
    return this.#records.counts;
  }

  async execute(request: ExecuteRequest, options: WaitOptions = {}): Promise<StartedCell> {
    checkExecute(request, options);
    options.signal?.throwIfAborted();
    this.#checkLimits(request.source);
    const { observe = DEFAULT_OBSERVE } = request;
    const cell = this.#admit(request, observe);
    const first = cell.observe(observe, options);
    first.catch(() => {});
    cell.start();
    return { cellId: cell.id, first };
  }

  run(source: string, options?: RunCellOptions): Promise<CellResult> {
    return runCell(this, source, options);
  }

  async observe(
    cellId: string,
    mode: ObserveMode = DEFAULT_OBSERVE,
    options: WaitOptions = {},
  ): Promise<CellEvent> {
    checkObserve(cellId, mode, options);
    return this.#cells.get(cellId)?.observe(mode, options) ?? this.#missing(cellId);
  }

  async resume(
    cellId: string,
    generation: number,
  ): Promise<'resumed' | 'already-running' | 'missing'> {
    checkResume(cellId, generation);
    return this.#cells.get(cellId)?.resume(generation) ?? 'missing';
  }

  async terminate(cellId: string): Promise<CellEvent> {
    checkCellId('Cannot terminate', cellId);
    return this.#cells.get(cellId)?.terminate('terminate') ?? this.#missing(cellId);
  }

  events(cellId: string, options: EventsOptions = {}): LiveEvents {
    const find = () => {
      checkCellId('Cannot follow a cell', cellId);
      return (
        this.#cells.get(cellId)?.record ??
        this.#records.kept(cellId) ??
        missingSource(this.#missing(cellId))
      );
    };
    return new EventReader(find, options);
  }

  async cells(): Promise<readonly CellSummary[]> {
    return this.#list();
  }

  async values(): Promise<ReadonlyMap<string, unknown>> {
    return new Map([...this.#values.snapshot()].map(([key, json]) => [key, JSON.parse(json)]));
  }

  /** The stored values as JSON text by key. @internal */
  get valuesJson(): ValuesSnapshot {
    return this.#values.snapshot();
  }

  close(): Promise<void> {
    if (this.#closing === null) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#closing = promise;
      this.#close().then(resolve, reject);
    }
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const retired = [...this.#cells.values()].map((cell) => this.#untilRetired(cell));
    await Promise.all(retired);
    this.#records.clear();
    this.#options.sandbox.release(this.symbol);
  }

  #waitingToRetire = new Map<string, () => void>();

  #untilRetired(cell: Cell): Promise<void> {
    return new Promise((resolve) => {
      this.#waitingToRetire.set(cell.id, resolve);
      cell.terminate('shutdown').catch(() => {});
    });
  }

  #admit(request: ExecuteRequest, observe: ObserveMode): Cell {
    const offer = this.#offers.of(request.tools);
    this.#lastId += 1;
    const id = String(this.#lastId);
    const {
      sandbox,
      toolErrors = 'error',
      console = false,
      globals = 'standard',
      yieldsWhileDraining = true,
    } = this.#options;
    const delegate = request.delegate ?? this.#options.delegate;
    const keepAlive = new KeepAlive();
    const record = this.#records.open(id, request.keepEvents ?? false, keepAlive);
    const cell = new Cell({
      id,
      program: {
        source: request.source,
        tools: offer.program,
        values: this.#values.snapshot(),
        toolErrors,
        console,
        globals,
        hold: 'pending' in observe,
      },
      tools: offer.tools,
      callId: request.callId ?? null,
      sandbox,
      session: this.symbol,
      delegate,
      counts: this.#counts,
      record,
      keepAlive,
      values: this.#values,
      limits: this.#limits,
      budget: this.#budget,
      yieldsWhileDraining,
      onClosed: (buffered) => this.#closed(id, delegate, buffered),
      onRetired: (reason) => this.#retire(id, reason),
    });
    this.#cells.set(id, cell);
    this.#live.add(id);
    return cell;
  }

  #closed(id: string, delegate: Delegate, buffered: boolean): void {
    this.#live.delete(id);
    void tellClosed(delegate, id);
    if (this.#live.size === 0) this.#options.sandbox.release(this.symbol);
    if (!buffered) return;
    const displaced = this.#completed.add(id);
    if (displaced !== undefined) this.#retire(displaced, 'evicted');
  }

  #retire(id: string, reason: MissingReason): void {
    const record = this.#cells.get(id)?.record;
    if (record !== undefined) this.#records.retire(id, record);
    this.#cells.delete(id);
    this.#completed.delete(id);
    this.#tombstones.add(id, reason);
    this.#options.onRetired?.(id, reason);
    this.#waitingToRetire.get(id)?.();
    this.#waitingToRetire.delete(id);
  }

  #missing(cellId: string): MissingEvent {
    return missingCell(cellId, this.#tombstones.reasonOf(cellId));
  }

  #list(): readonly CellSummary[] {
    return [...this.#cells.values()].flatMap((cell) => cell.summary() ?? []);
  }

  #checkLimits(source: string): void {
    if (this.#closing !== null) throw shuttingDown();
    checkSource(source, this.#limits);
    if (this.#live.size >= this.#limits.maxLiveCells) {
      throw tooManyCells(this.#list(), this.#limits);
    }
    if (this.#lastId >= Number.MAX_SAFE_INTEGER) {
      const text = 'code mode session exhausted its cell ID space';
      throw new CodeModeError('cell_ids_exhausted', text);
    }
  }
}
