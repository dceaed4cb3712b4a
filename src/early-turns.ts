import type { RoutedItem, Traffic } from './routed-items.ts';

/** An item that stands behind a request which is being offered. */
export interface Turn<T extends Traffic> {
  readonly item: RoutedItem<T>;
  readonly token: string | undefined;
}

/**
 * Keeps an id's items in order while one of its requests is offered for early service: whoever it
 * is offered to may route more for that id, and may not want the request.
 */
export class EarlyTurns<T extends Traffic> {
  readonly #lines = new Map<string, Turn<T>[]>();

  /** Puts an item in line where there is one for its id. @returns Whether there is. */
  queue(id: string, item: RoutedItem<T>, token: string | undefined): boolean {
    if (this.#lines.size === 0) return false;
    const line = this.#lines.get(id);
    line?.push({ item, token });
    return line !== undefined;
  }

  /** Does `work`, then `place` with everything that got in line meanwhile. Neither may throw. */
  take<R>(id: string, work: () => R, place: (turn: Turn<T>) => void): R {
    if (this.#lines.has(id)) return work();
    const line: Turn<T>[] = [];
    this.#lines.set(id, line);
    const result = work();
    for (const turn of line) place(turn);
    this.#lines.delete(id);
    return result;
  }
}
