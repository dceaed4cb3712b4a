import { valueParts } from './value-parts.ts';

/** How long the values of one frame are together, in UTF-16 units, unless one alone is longer. */
const FRAME_LENGTH = 1 << 20;

/**
 * Forwards what a program stores: soon, so that little is lost with its process; before the program's
 * next visible action; and only the last of several values for one key.
 */
export class UnsentWrites {
  readonly #send: (...keysAndJson: readonly string[]) => void;
  readonly #unsent = new Map<string, string>();
  #scheduled = false;

  /** @param send Takes key and JSON in turn. */
  constructor(send: (...keysAndJson: readonly string[]) => void) {
    this.#send = send;
  }

  add(key: string, json: string): void {
    this.#unsent.set(key, json);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Sends what is waiting at once. */
  flush(): void {
    if (this.#unsent.size === 0) return;
    const texts = [...this.#unsent].flat();
    this.#unsent.clear();
    for (const part of valueParts(texts, FRAME_LENGTH)) this.#send(...part);
  }
}
