import { RecentMap } from '../../src/collections/recent-map.ts';
import { CellNotes } from '../../src/describe/cell-notes.ts';
import type { JsonObject } from '../../src/describe/json-object.ts';
import { toModelContent } from '../../src/describe/to-model-content.ts';
import { Cancelled } from '../../src/errors.ts';
import type { CellEvent, OutputItem } from '../../src/events.ts';
import type { Session } from '../../src/session.ts';
import { onAbort } from '../../src/waiting/on-abort.ts';
import { readExec, readWait } from '../mcp-server/call-arguments.ts';

const DEFAULT_YIELD_MS = 10_000;
/** Cells whose notifications are kept. */
const MAX_NOTED_CELLS = 256;

/** Runs the `exec` and `wait` calls of a model on a session. */
export class ModelCells {
  readonly #session: () => Session;
  readonly #notes = new RecentMap<string, CellNotes>(MAX_NOTED_CELLS);
  readonly #waits = new Map<string, AbortController>();

  /** @param session The session, which may be opened later than this. */
  constructor(session: () => Session) {
    this.#session = session;
  }

  /** Takes a notification: the next answer about the cell shows it, and a `wait` for the cell ends. */
  notify(cellId: string, text: string): void {
    const notes = this.#notes.get(cellId) ?? new CellNotes();
    notes.add(text);
    this.#notes.set(cellId, notes);
    this.#waits.get(cellId)?.abort(new Cancelled('completion'));
  }

  /**
   * Runs a program. When `signal` aborts, its cell is terminated.
   *
   * @throws InvalidArguments; as `Session.execute`; the signal's reason if it has aborted before.
   */
  async exec(args: JsonObject, signal: AbortSignal): Promise<readonly OutputItem[]> {
    const began = performance.now();
    signal.throwIfAborted();
    const { source, yieldTimeMs = DEFAULT_YIELD_MS, maxOutputTokens } = readExec(args);
    const request = { source, observe: { yieldAfterMs: yieldTimeMs } };
    const { cellId, first } = await this.#session().execute(request, { preempt: signal });
    return this.#shown(
      await this.#unlessAborted(cellId, await first, signal),
      began,
      maxOutputTokens,
    );
  }

  /**
   * Waits for a cell, or terminates it. When `signal` aborts, the cell is terminated.
   *
   * @throws InvalidArguments; as `Session.observe` and `terminate`.
   */
  async wait(args: JsonObject, signal: AbortSignal): Promise<readonly OutputItem[]> {
    const began = performance.now();
    const { cellId, yieldTimeMs = DEFAULT_YIELD_MS, maxTokens, terminate } = readWait(args);
    const event = terminate
      ? await this.#session().terminate(cellId)
      : await this.#observe(cellId, yieldTimeMs, signal);
    return this.#shown(event, began, maxTokens);
  }

  async #observe(cellId: string, yieldAfterMs: number, signal: AbortSignal): Promise<CellEvent> {
    const wake = new AbortController();
    const unlink = onAbort(signal, () => wake.abort(signal.reason));
    this.#waits.set(cellId, wake);
    if (signal.aborted || this.#notes.has(cellId)) wake.abort();
    try {
      const event = await this.#session().observe(
        cellId,
        { yieldAfterMs },
        { preempt: wake.signal },
      );
      return await this.#unlessAborted(cellId, event, signal);
    } finally {
      unlink();
      if (this.#waits.get(cellId) === wake) this.#waits.delete(cellId);
    }
  }

  async #unlessAborted(cellId: string, event: CellEvent, signal: AbortSignal): Promise<CellEvent> {
    if (!signal.aborted || (event.type !== 'yielded' && event.type !== 'pending')) return event;
    const end = await this.#session().terminate(cellId);
    return end.type === 'missing' ? end : { ...end, items: [...event.items, ...end.items] };
  }

  async #shown(
    event: CellEvent,
    began: number,
    maxTokens: number | undefined,
  ): Promise<readonly OutputItem[]> {
    const { cellId } = event;
    const remarks = this.#notes.get(cellId)?.take() ?? [];
    this.#notes.delete(cellId);
    return toModelContent(event, {
      tookMs: performance.now() - began,
      remarks,
      ...(event.type === 'yielded' && { pendingCalls: await this.#pendingCalls(cellId) }),
      ...(maxTokens !== undefined && { maxTokens }),
    });
  }

  async #pendingCalls(cellId: string) {
    const cells = await this.#session().cells();
    return cells.find((cell) => cell.cellId === cellId)?.pendingCalls ?? [];
  }
}
