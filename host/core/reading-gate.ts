import type { ByteBudget } from '../../src/runtime/byte-budget.ts';

/** Reads what one client sends. Both methods are called in turn. */
export interface Reading {
  pause(): void;
  resume(): void;
}

/** Results that wait for their programs, in bytes: of one connection, and of all. */
export interface WaitingBytes {
  readonly own: number;
  readonly all: number;
}

/** From so many bytes on, nothing more is read from a client. */
const MAX_OWN_BYTES = 32 << 20;
/** The same for all clients of a host together, of which only those stop that have results waiting. */
const MAX_ALL_BYTES = 256 << 20;
/** Share at which reading continues. */
const LOW_SHARE = 1 / 2;

/**
 * Whether to read from a client while results of it wait for room in sandbox processes.
 *
 * Only results count: they get their room without another message of the client. What waits for an
 * answer of the client must never keep it from answering.
 */
export function mayRead(wasReading: boolean, { own, all }: WaitingBytes): boolean {
  const share = wasReading ? 1 : LOW_SHARE;
  return own === 0 || (own < MAX_OWN_BYTES * share && all < MAX_ALL_BYTES * share);
}

/** Pauses reading from one client while many results of it wait for their programs. */
export class ReadingGate {
  readonly #reading: Reading;
  #isReading = true;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** The bytes that wait have changed. */
  changed(own: ByteBudget, all: ByteBudget): void {
    const isReading = mayRead(this.#isReading, { own: own.waiting, all: all.waiting });
    if (isReading === this.#isReading) return;
    this.#isReading = isReading;
    if (isReading) this.#reading.resume();
    else this.#reading.pause();
  }
}
