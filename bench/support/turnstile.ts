/**
 * Lets a program through one step at a time: each of its tool calls waits here until the bench releases
 * it.
 */
export class Turnstile<T> {
  #waiting: PromiseWithResolvers<unknown> | null = null;
  #arrival = Promise.withResolvers<T>();

  /** A call arrives, and waits for its answer. */
  enter(value: T): Promise<unknown> {
    if (this.#waiting !== null) throw new Error('Cannot enter: another call waits');
    this.#waiting = Promise.withResolvers();
    this.#arrival.resolve(value);
    return this.#waiting.promise;
  }

  /** The waiting call, as soon as there is one. */
  arrived(): Promise<T> {
    return this.#arrival.promise;
  }

  /**
   * Answers the waiting call.
   *
   * @throws If there is none.
   */
  letGo(answer: unknown): void {
    const waiting = this.#waiting;
    if (waiting === null) throw new Error('Cannot let go: no call waits');
    this.#waiting = null;
    this.#arrival = Promise.withResolvers();
    waiting.resolve(answer);
  }

  /** Answers the waiting call, and waits for the next: one round trip. */
  next(answer: unknown): Promise<T> {
    this.letGo(answer);
    return this.arrived();
  }
}
