/** How long cancelled callbacks may take to return, tools and notifications together, in milliseconds. */
export const GRACE_MS = 100;

/** The grace period that can be joined until the end of this tick. */
let joinable: GracePeriod | null = null;

/**
 * A grace period, shared by everything that is cancelled in the same tick: it begins with the first
 * cancellation, so that ending any number of cells takes one grace period.
 */
export class GracePeriod {
  readonly #over = Promise.withResolvers<void>();
  readonly #timer = setTimeout(() => this.#elapse(), GRACE_MS);
  #members = 0;

  /** The grace period for what is cancelled now. Every `join` needs a `leave`. */
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

  /** Resolves at its end. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Stops waiting. */
  leave(): void {
    this.#members -= 1;
    if (this.#members === 0) clearTimeout(this.#timer);
  }

  /** A single tick may have taken that long, so what arrived meanwhile is read first. */
  #elapse(): void {
    setImmediate(() => this.#over.resolve());
  }
}
