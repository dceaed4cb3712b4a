/** How long cancelled callbacks may take to return, tools and notifications together, in milliseconds. */
export const GRACE_MS = 100;

/** The one that is joined until the end of this tick. */
let joinable: GracePeriod | null = null;

/**
 * What is left of a grace period. Everything that is cancelled in the same tick has the same one:
 * it begins with the first, so that ending any number of cells takes one grace period.
 */
export class GracePeriod {
  readonly #over = Promise.withResolvers<void>();
  readonly #timer = setTimeout(() => this.#elapse(), GRACE_MS);
  #members = 0;

  /** The grace period of what is cancelled now. Everyone who joins has to `leave`. */
  static join(): GracePeriod {
    if (joinable === null) {
      joinable = new GracePeriod();
      queueMicrotask(() => {
        joinable = null;
      });
    }
    joinable.#members += 1;
    return joinable;
  }

  /** Resolves when it is over. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Waits no longer. */
  leave(): void {
    this.#members -= 1;
    if (this.#members === 0) clearTimeout(this.#timer);
  }

  /** A tick may have taken that long by itself: what came meanwhile is read first. */
  #elapse(): void {
    setImmediate(() => this.#over.resolve());
  }
}
