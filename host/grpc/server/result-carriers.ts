import type { Reading } from '../../core/reading-gate.ts';

/** A connection over which results come. */
export interface Carrier {
  readonly reading: Reading;
}

interface Carried {
  readonly by: Set<Carrier>;
  isPaused: boolean;
}

/**
 * Which connections carry results for the sessions of which connections.
 *
 * The calls of one client may be spread over several connections. While its results wait, nothing is
 * read from any connection that has carried one for its sessions.
 */
export class ResultCarriers {
  readonly #carried = new Map<Carrier, Carried>();

  /** Reads what comes for the sessions of a connection, from all that carry it. */
  readingOf(holder: Carrier): Reading {
    const carried = this.#carriedTo(holder);
    const setPaused = (isPaused: boolean) => {
      carried.isPaused = isPaused;
      for (const { reading } of carried.by) isPaused ? reading.pause() : reading.resume();
    };
    return { pause: () => setPaused(true), resume: () => setPaused(false) };
  }

  /** A result for a session of `holder` came over a connection. */
  carry(carrier: Carrier, holder: Carrier): void {
    const { by, isPaused } = this.#carriedTo(holder);
    if (by.has(carrier)) return;
    by.add(carrier);
    if (isPaused) carrier.reading.pause();
  }

  /** A connection and its sessions have ended: nothing comes over it or for it any more. */
  ended(connection: Carrier): void {
    const own = this.#carried.get(connection);
    this.#carried.delete(connection);
    if (own !== undefined) {
      if (own.isPaused) for (const { reading } of own.by) reading.resume();
      own.by.clear();
    }
    for (const { by } of this.#carried.values()) by.delete(connection);
  }

  #carriedTo(holder: Carrier): Carried {
    const known = this.#carried.get(holder);
    if (known !== undefined) return known;
    const added = { by: new Set([holder]), isPaused: false };
    this.#carried.set(holder, added);
    return added;
  }
}
