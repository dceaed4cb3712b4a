import type { CellLane } from './cell-lane.ts';

/** How many cells are kept. */
const CAPACITY = 64;

/** Lanes of cells that are gone and that somebody may still read to their end; the oldest are dropped first. */
export class KeptLanes {
  readonly #lanes = new Map<string, CellLane>();

  /** Keeps it where there is something left to read. */
  keep(cellId: string, lane: CellLane): void {
    if (!lane.isWanted) return;
    this.#lanes.set(cellId, lane);
    if (this.#lanes.size <= CAPACITY) return;
    for (const oldest of this.#lanes.keys()) {
      this.#lanes.delete(oldest);
      return;
    }
  }

  get(cellId: string): CellLane | undefined {
    const lane = this.#lanes.get(cellId);
    if (lane?.isWanted === false) this.#lanes.delete(cellId);
    return lane?.isWanted ? lane : undefined;
  }

  clear(): void {
    this.#lanes.clear();
  }
}
