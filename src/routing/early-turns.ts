import type { OpenGuard } from './open-guards.ts';
import type { Parked } from './parked.ts';
import type { RoutedItem, Traffic } from './routed-items.ts';

/** An item that is to find its place. */
export interface Turn<T extends Traffic> {
  readonly item: RoutedItem<T>;
  readonly token: string | undefined;
  /** Set where it waited before. */
  readonly parked?: Parked<T>;
  /** The guard that did not want to serve it early. */
  readonly declinedBy: OpenGuard<T> | null;
}

/**
 * Keeps an id's items in order while one of its requests is offered for early service: whoever it
 * is offered to may route more for that id, and may not want the request.
 */
export class EarlyTurns<T extends Traffic> {
  /** Null where nobody has got in line. */
  readonly #lines = new Map<string, Turn<T>[] | null>();

  /** Whether something is being offered. */
  get isBusy(): boolean {
    return this.#lines.size > 0;
  }

  /** Puts an item in line where there is one for its id. @returns Whether there is. */
  queue(id: string, turn: Turn<T>): boolean {
    if (this.#lines.size === 0) return false;
    const line = this.#lines.get(id);
    if (line === undefined) return false;
    if (line === null) this.#lines.set(id, [turn]);
    else line.push(turn);
    return true;
  }

  /** Begins a line, to be ended in any case. @returns False where there is one: whoever began it ends it. */
  begin(id: string): boolean {
    if (this.#lines.has(id)) return false;
    this.#lines.set(id, null);
    return true;
  }

  /** Ends a line with `place` for everything that got in line meanwhile, or does on the way. It may not throw. */
  end(id: string, place: (turn: Turn<T>) => void): void {
    for (const turn of this.#lines.get(id) ?? []) place(turn);
    this.#lines.delete(id);
  }
}
