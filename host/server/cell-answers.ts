/** What a host still owes the callers of one cell. */
interface Debt {
  /** Answers that are on their way; the first one is owed from the beginning. */
  outstanding: number;
  /** Settles when the answer to a terminate has gone out. */
  terminated: PromiseWithResolvers<void> | null;
  /** When its callbacks were over, in `performance.now()`; null before. */
  closedMs: number | null;
  /** Whether the client knows the cell. */
  isAnnounced: boolean;
  isRetired: boolean;
  isTold: boolean;
}

/**
 * Keeps the answers about cells in the order that clients rely on: who terminated a cell hears of
 * its end before those who waited for it, and `cell/closed` comes behind everything else, or, for a
 * client of our own, as soon as no callback runs any more.
 */
export class CellAnswers {
  readonly #debts = new Map<string, Debt>();
  /** Cells that ask for something before the client knows them. */
  readonly #held = new Map<string, PromiseWithResolvers<void>>();
  readonly #own: boolean;
  readonly #tellClosed: (cellId: string) => void;
  /** Cells that are being admitted. */
  #starting = 0;

  /** @param tellClosed Called once a cell. */
  constructor(own: boolean, tellClosed: (cellId: string) => void) {
    this.#own = own;
    this.#tellClosed = tellClosed;
  }

  /** The client knows the cell now, and is owed its first event. */
  announced(cellId: string): void {
    const debt = this.#debtOf(cellId);
    debt.isAnnounced = true;
    this.#held.get(cellId)?.resolve();
    this.#settle(cellId, debt);
  }

  /** A cell is about to be admitted. To be followed by `startOver`, when it was announced or refused. */
  starting(): void {
    this.#starting += 1;
  }

  /** What is still held is of no cell that this client has started. */
  startOver(): void {
    this.#starting -= 1;
    if (this.#starting > 0) return;
    for (const held of this.#held.values()) held.resolve();
    for (const [cellId, { isAnnounced }] of this.#debts) if (!isAnnounced) this.#foreign(cellId);
  }

  /**
   * What to wait for before the client is asked for anything; undefined where it knows the cell, or
   * the cell is one that whoever runs the session has started.
   */
  untilAnnounced(cellId: string): Promise<void> | undefined {
    const known = this.#held.get(cellId);
    if (known !== undefined) return known.promise;
    if (this.#starting === 0 || this.#debts.get(cellId)?.isAnnounced === true) return undefined;
    const held = Promise.withResolvers<void>();
    this.#held.set(cellId, held);
    // Forgotten no sooner than it wakes those who wait: nobody who comes meanwhile overtakes them.
    void held.promise.then(() => this.#held.delete(cellId));
    return held.promise;
  }

  /** Its callbacks are over. */
  ended(cellId: string): void {
    if (this.#starting === 0 && !this.#debts.has(cellId)) return this.#foreign(cellId);
    const debt = this.#debtOf(cellId);
    debt.closedMs = performance.now();
    this.#settle(cellId, debt);
  }

  /** Nobody can ask for it any more. */
  retired(cellId: string): void {
    const debt = this.#debtOf(cellId);
    debt.isRetired = true;
    this.#settle(cellId, debt);
  }

  /**
   * An answer about a cell is owed.
   *
   * @returns Whether the cell is there, and `paid` is to be called when the answer has gone out.
   */
  owe(cellId: string): boolean {
    const debt = this.#debts.get(cellId);
    if (debt !== undefined) debt.outstanding += 1;
    return debt !== undefined;
  }

  paid(cellId: string): void {
    const debt = this.#debts.get(cellId);
    if (debt === undefined) return;
    debt.outstanding -= 1;
    this.#settle(cellId, debt);
  }

  /** The answer to a terminate is owed until `terminatePaid`. See `owe`. */
  oweTerminate(cellId: string): boolean {
    const debt = this.#debts.get(cellId);
    if (debt !== undefined) debt.terminated ??= Promise.withResolvers();
    return this.owe(cellId);
  }

  terminatePaid(cellId: string): void {
    this.#debts.get(cellId)?.terminated?.resolve();
    this.paid(cellId);
  }

  /** What to wait for before others are told that the cell was terminated. */
  terminateAnswered(cellId: string): Promise<void> | undefined {
    return this.#debts.get(cellId)?.terminated?.promise;
  }

  /** How long a completion had waited for a request that came at `askedMs`, in milliseconds. */
  bufferedMs(cellId: string, askedMs: number): number {
    const closedMs = this.#debts.get(cellId)?.closedMs ?? null;
    return closedMs === null || closedMs >= askedMs ? 0 : performance.now() - closedMs;
  }

  /** A cell of whoever runs the session is over; nothing is owed for it. */
  #foreign(cellId: string): void {
    this.#debts.delete(cellId);
    this.#tellClosed(cellId);
  }

  /** A cell may end before whoever started it has been answered. */
  #debtOf(cellId: string): Debt {
    const known = this.#debts.get(cellId);
    if (known !== undefined) return known;
    const debt: Debt = {
      outstanding: 1,
      terminated: null,
      closedMs: null,
      isAnnounced: false,
      isRetired: false,
      isTold: false,
    };
    this.#debts.set(cellId, debt);
    return debt;
  }

  #settle(cellId: string, debt: Debt): void {
    const isPaid = debt.isRetired && debt.outstanding === 0;
    const mayTell = this.#own ? debt.isAnnounced && debt.closedMs !== null : isPaid;
    if (mayTell && !debt.isTold) {
      debt.isTold = true;
      this.#tellClosed(cellId);
    }
    if (isPaid && debt.isTold) this.#debts.delete(cellId);
  }
}
