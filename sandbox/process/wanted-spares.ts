/**
 * Starting a process occupies a core for a while. So a spare that a program has taken is replaced when
 * no other program has started for `quietMs` and none makes many calls, or after `withinMs` if no
 * program is being started then.
 */
export const SPARE_MOMENT = { quietMs: 40, withinMs: 1_000 };

/** How many spares a pool wants. */
export class WantedSpares {
  readonly #usual: number;
  #lacksRelief = false;
  #rehearsal: 'none' | 'wanted' | 'over' = 'none';

  /** @param usual How many it wants as a rule. If it is 0, it never wants any. */
  constructor(usual: number) {
    this.#usual = usual;
  }

  get count(): number {
    const isMoreWanted = this.#lacksRelief || this.#rehearsal === 'wanted';
    return this.#usual === 0 ? 0 : this.#usual + Number(isMoreWanted);
  }

  /** Whether a session started many programs at once and there was no spare to help: one is kept for the next time. */
  lackedRelief(isLacking: boolean): void {
    this.#lacksRelief = isLacking;
  }

  /**
   * A process found no compiled code. A spare keeps some for later ones: once, as it may be unable to.
   *
   * @returns Whether one more is wanted now.
   */
  foundNoCode(): boolean {
    if (this.#rehearsal !== 'none') return false;
    this.#rehearsal = 'wanted';
    return true;
  }

  /** A spare starts that keeps compiled code if there is none. */
  rehearses(): void {
    this.#rehearsal = 'over';
  }
}
