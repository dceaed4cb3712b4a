/** A promise that never settles: a callback that does not stop. */
export function never<T = never>(): Promise<T> {
  return new Promise<T>(() => {});
}

/** Runs all due microtasks, and those that they queue. Needs no clock. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Whether a promise has settled by now. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  const note = () => {
    done = true;
  };
  promise.then(note, note);
  await settled();
  return done;
}

/** Work that waits until the test releases it, and stops when it is cancelled. */
export class Held<T = unknown> {
  #waiting: ((value: T) => void)[] = [];

  /** How many wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Waits for `release`; rejects when `signal` aborts. */
  wait(signal: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const stop = () => reject(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.push((value) => {
        signal.removeEventListener('abort', stop);
        resolve(value);
      });
    });
  }

  /** Waits for `release`, whatever else happens. */
  waitStubbornly(): Promise<T> {
    return new Promise<T>((resolve) => this.#waiting.push(resolve));
  }

  /** Releases the one that has waited longest. */
  release(value: T): void {
    this.#waiting.shift()?.(value);
  }

  releaseAll(value: T): void {
    for (const go of this.#waiting.splice(0)) go(value);
  }
}
