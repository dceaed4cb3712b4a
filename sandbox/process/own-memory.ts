/** A process ends itself when it exceeds its limit by this share: its host, which acts at the limit, is late. */
const MARGIN = 1 / 8;
const MIN_MARGIN_BYTES = 128 << 20;
/** How often memory is checked, in milliseconds: as a rule, and from half of the limit on. */
const WATCH_MS = 100;
const CLOSE_WATCH_MS = 10;

/** What watching the memory of this process needs. */
export interface OwnMemoryParts {
  /** The memory that the host allows this process, in bytes. */
  readonly limitBytes: number;
  /** The resident memory of this process, in bytes. */
  readonly usedBytes: () => number;
  /** Ends this process. */
  readonly onExcess: () => void;
}

/**
 * In a sandbox process: watches its memory in case its host is too busy to do so.
 *
 * A timer of the main thread suffices while programs run in threads of their own, which cannot block
 * it for long. `InsideWatch`, once started, takes over while the main thread is inside an isolate.
 */
export class OwnMemory {
  readonly #parts: OwnMemoryParts;
  /** The memory at which this process ends, in bytes. */
  readonly mostBytes: number;
  #programs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: OwnMemoryParts) {
    this.#parts = parts;
    this.mostBytes = parts.limitBytes + Math.max(parts.limitBytes * MARGIN, MIN_MARGIN_BYTES);
  }

  /** What the host allows, in bytes. */
  get limitBytes(): number {
    return this.#parts.limitBytes;
  }

  /** Watches while a program runs. */
  async watch(stopped: Promise<void>): Promise<void> {
    this.#programs += 1;
    if (this.#timer === undefined) this.#look();
    await stopped;
    this.#programs -= 1;
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#programs === 0) return;
    const { limitBytes, usedBytes, onExcess } = this.#parts;
    const used = usedBytes();
    if (used > this.mostBytes) return onExcess();
    const isNear = used > limitBytes / 2;
    this.#timer = setTimeout(() => this.#look(), isNear ? CLOSE_WATCH_MS : WATCH_MS);
  }
}
