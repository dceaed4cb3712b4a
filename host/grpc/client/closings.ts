interface Cell {
  /** How many of its tool calls have arrived. */
  calls: bigint;
  /** How many of its notifications are being delivered. */
  notes: number;
  /** The sequence of its last tool call, when the host has closed it. */
  final: bigint | null;
}

/**
 * Puts the end of a cell behind its tool calls, which arrive on another stream and can be overtaken,
 * and behind the delivery of its notifications, for which gRPC hosts do not wait.
 *
 * Each method returns whether the cell has ended by it.
 */
export class Closings {
  readonly #cells = new Map<string, Cell>();

  /** How many cells are open, or have not ended. */
  get size(): number {
    return this.#cells.size;
  }

  /** A tool call has arrived. */
  called(cellId: string): boolean {
    const cell = this.#cell(cellId);
    cell.calls += 1n;
    return this.#settle(cellId, cell);
  }

  /** A notification has arrived. The cell cannot end before it is delivered. */
  notified(cellId: string): void {
    this.#cell(cellId).notes += 1;
  }

  /** A notification was delivered, or was given up. */
  delivered(cellId: string): boolean {
    const cell = this.#cells.get(cellId);
    if (cell === undefined) return false;
    cell.notes -= 1;
    return this.#settle(cellId, cell);
  }

  /** The host has closed a cell. @param final The sequence of its last tool call; 0 if it made none. */
  closed(cellId: string, final: bigint): boolean {
    const cell = this.#cell(cellId);
    cell.final = final;
    return this.#settle(cellId, cell);
  }

  /** Its notifications are no longer waited for. */
  hurry(cellId: string): boolean {
    const cell = this.#cells.get(cellId);
    if (cell?.final == null) return false;
    cell.notes = 0;
    return this.#settle(cellId, cell);
  }

  /** Nothing will arrive or be delivered any more. */
  clear(): void {
    this.#cells.clear();
  }

  #cell(cellId: string): Cell {
    const known = this.#cells.get(cellId);
    if (known !== undefined) return known;
    const added = { calls: 0n, notes: 0, final: null };
    this.#cells.set(cellId, added);
    return added;
  }

  #settle(cellId: string, { calls, notes, final }: Cell): boolean {
    if (final === null || calls < final || notes > 0) return false;
    return this.#cells.delete(cellId);
  }
}
