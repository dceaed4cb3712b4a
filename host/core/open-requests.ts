import { RecentSet } from '../../src/collections/recent-set.ts';
import { CodeModeError } from '../../src/errors.ts';
import { REMEMBERED_IDS } from './host-limits.ts';

/** A request without an answer. */
export interface OpenRequest {
  /** Ends its wait with an error. */
  readonly cancel: AbortController;
  /** Ends its wait early, with the output so far. */
  readonly preempt: AbortController;
}

interface Entry extends OpenRequest {
  readonly isCancellable: boolean;
}

/** What becomes of one request. */
export interface RequestWork {
  /** Whether the client may cancel it. */
  readonly isCancellable: boolean;
  /** Performs and answers the request. @throws What to answer it with instead, also in place. */
  perform(request: OpenRequest): Promise<void>;
  /** Answers the request with an error. */
  fail(error: unknown): Promise<void> | undefined;
}

/** The unanswered requests of one connection, by id. An id that was used is not accepted again. */
export class OpenRequests<I> {
  readonly #maxRequests: number;
  readonly #open = new Map<I, Entry>();
  readonly #used = new RecentSet<I>(REMEMBERED_IDS);

  /** @param maxRequests One more request is answered with `limit_exceeded`. */
  constructor(maxRequests: number) {
    this.#maxRequests = maxRequests;
  }

  /** Performs a request. It stays open until it is answered. @throws Error if its id was used before. */
  start(id: I, work: RequestWork): void {
    this.#checkNew(id);
    const request = {
      cancel: new AbortController(),
      preempt: new AbortController(),
      isCancellable: work.isCancellable,
    };
    const isFull = this.#open.size >= this.#maxRequests;
    this.#open.set(id, request);
    void this.#perform(id, request, work, isFull);
  }

  async #perform(id: I, request: OpenRequest, work: RequestWork, isFull: boolean): Promise<void> {
    try {
      if (isFull) throw tooManyRequests(this.#maxRequests);
      await work.perform(request);
    } catch (error) {
      await work.fail(error);
    } finally {
      this.#open.delete(id);
      this.#used.add(id);
    }
  }

  /** Uses up the id of a request that cannot be performed. @throws Error if it was used before. */
  refuse(id: I): void {
    this.#checkNew(id);
    this.#used.add(id);
  }

  /** Cancels a request if it is open and may be cancelled. */
  cancel(id: I, reason: Error): void {
    const request = this.#open.get(id);
    if (request?.isCancellable) request.cancel.abort(reason);
  }

  /** Ends the wait of a request early, if it is open. */
  preempt(id: I): void {
    this.#open.get(id)?.preempt.abort();
  }

  /** Cancels every request, because the client has left. */
  cancelAll(reason: Error): void {
    for (const { cancel } of this.#open.values()) cancel.abort(reason);
  }

  #checkNew(id: I): void {
    if (!this.#open.has(id) && !this.#used.has(id)) return;
    throw new Error(`duplicate code-mode request ID ${String(id)}`);
  }
}

/** The error for a request beyond `maxRequests` of one connection. */
export function tooManyRequests(maxRequests: number): CodeModeError {
  const limit = `this connection has ${maxRequests} (maxRequests)`;
  const text = `code-mode host has too many in-flight requests: ${limit}`;
  return new CodeModeError('limit_exceeded', text);
}
