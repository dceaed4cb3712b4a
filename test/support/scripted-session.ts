import { runCell } from '../../src/embed/run-cell.ts';
import type { CellEvent, OutputItem } from '../../src/events.ts';
import type { LiveEvents } from '../../src/live-events.ts';
import { EventReader } from '../../src/runtime/event-reader.ts';
import { missingCell, missingSource } from '../../src/runtime/missing.ts';
import type {
  CellResult,
  CellSummary,
  ExecuteRequest,
  ObserveMode,
  RunCellOptions,
  Session,
  StartedCell,
  WaitOptions,
} from '../../src/session.ts';

const CELL_ID = '1';

/** A session of one cell, whose events the test sends one by one. */
export class ScriptedSession implements Session {
  readonly requests: ExecuteRequest[] = [];
  readonly modes: (ObserveMode | undefined)[] = [];
  terminations = 0;
  isClosed = false;
  readonly #events: CellEvent[] = [];
  #deliver: ((event: CellEvent) => void) | undefined;

  yields(...texts: readonly string[]): this {
    return this.#tell({ type: 'yielded', cellId: CELL_ID, items: texts.map(textItem) });
  }

  completes(fields: Partial<Extract<CellEvent, { type: 'completed' }>> = {}): this {
    const event = {
      type: 'completed',
      cellId: CELL_ID,
      items: [],
      failure: null,
      notes: [],
    } as const;
    return this.#tell({ ...event, ...fields });
  }

  async execute(request: ExecuteRequest, options?: WaitOptions): Promise<StartedCell> {
    this.requests.push(request);
    return { cellId: CELL_ID, first: this.#next(request.observe, options) };
  }

  run(source: string, options?: RunCellOptions): Promise<CellResult> {
    return runCell(this, source, options);
  }

  observe(_cellId: string, mode?: ObserveMode, options?: WaitOptions): Promise<CellEvent> {
    return this.#next(mode, options);
  }

  async resume(): Promise<'missing'> {
    return 'missing';
  }

  async terminate(): Promise<CellEvent> {
    this.terminations += 1;
    return { type: 'terminated', cellId: CELL_ID, items: [textItem('last words')] };
  }

  events(cellId: string): LiveEvents {
    return new EventReader(() => missingSource(missingCell(cellId, 'unknown')));
  }

  async values(): Promise<ReadonlyMap<string, unknown>> {
    return new Map();
  }

  async cells(): Promise<readonly CellSummary[]> {
    return [];
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #next(mode: ObserveMode | undefined, options: WaitOptions = {}): Promise<CellEvent> {
    this.modes.push(mode);
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve(event);
    return new Promise((resolve) => {
      this.#deliver = resolve;
      const preempted = { type: 'yielded', cellId: CELL_ID, items: [] } as const;
      if (options.preempt?.aborted) resolve(preempted);
      options.preempt?.addEventListener('abort', () => resolve(preempted), { once: true });
    });
  }

  #tell(event: CellEvent): this {
    const deliver = this.#deliver;
    this.#deliver = undefined;
    if (deliver === undefined) this.#events.push(event);
    else deliver(event);
    return this;
  }
}

function textItem(text: string): OutputItem {
  return { type: 'input_text', text };
}
