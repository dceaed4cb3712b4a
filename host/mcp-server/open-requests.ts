import type { RequestId } from '@modelcontextprotocol/server';
import { Cancelled } from '../../src/errors.ts';

/**
 * The requests of a session that run, for clients whose cancellations come as requests of their own.
 *
 * Clients choose the ids of their requests. If several clients of one session use the same id at the
 * same time, a cancellation could mean either, and is ignored.
 */
export class OpenRequests {
  readonly #open = new Map<RequestId, Set<AbortController>>();
  #count = 0;

  /** How many run. */
  get size(): number {
    return this.#count;
  }

  /** A request that begins; it ends when the result is disposed. */
  begin(id: RequestId): Disposable & { readonly signal: AbortSignal } {
    const controller = new AbortController();
    const same = this.#open.get(id) ?? new Set();
    this.#open.set(id, same.add(controller));
    this.#count += 1;
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => {
        if (same.delete(controller)) this.#count -= 1;
        if (same.size === 0 && this.#open.get(id) === same) this.#open.delete(id);
      },
    };
  }

  /** Cancels a request. One that is not there was answered already, which changes nothing. */
  cancel(id: RequestId): void {
    const same = this.#open.get(id);
    if (same?.size !== 1) return;
    for (const controller of same) controller.abort(new Cancelled('terminate'));
  }
}
