import { RecentSet } from '../../../src/collections/recent-set.ts';
import { Cancelled } from '../../../src/errors.ts';
import { REMEMBERED_IDS } from '../../core/host-limits.ts';
import { Status, StatusError } from '../status.ts';

/** One wait for a cell: of an execution for its first outcome, or of a wait. */
export interface Observation {
  readonly id: string;
  /** Ends it with an error. */
  readonly cancel: AbortController;
  /** Ends it early, with the output so far. */
  readonly preempt: AbortController;
  /** Resolves when it is answered. */
  readonly over: Promise<void>;
}

interface Entry extends Observation {
  readonly end: () => void;
}

/**
 * The executions, or the waits, of one session, by the ids that the client chooses. An id that was
 * used is not accepted again. What is asked of an id that was not used yet holds when it is.
 */
export class Observations {
  readonly #what: 'execution' | 'wait';
  readonly #open = new Map<string, Entry>();
  readonly #used = new RecentSet<string>(REMEMBERED_IDS);
  readonly #cancelled = new RecentSet<string>(REMEMBERED_IDS);
  readonly #preempted = new RecentSet<string>(REMEMBERED_IDS);

  constructor(what: 'execution' | 'wait') {
    this.#what = what;
  }

  /** @throws StatusError `alreadyExists`; `cancelled` if the id was cancelled before. */
  begin(id: string): Observation {
    if (this.#open.has(id) || this.#used.has(id)) {
      const text = `code-mode ${this.#what} ID \`${id}\` was reused`;
      throw new StatusError(Status.alreadyExists, text);
    }
    this.#used.add(id);
    const isPreempted = this.#preempted.delete(id);
    if (this.#cancelled.delete(id)) throw this.#cancellation();
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    const cancel = new AbortController();
    const preempt = new AbortController();
    if (isPreempted) preempt.abort();
    const entry = { id, cancel, preempt, over, end };
    this.#open.set(id, entry);
    return entry;
  }

  /** It is answered. */
  end({ id }: Observation): void {
    const entry = this.#open.get(id);
    this.#open.delete(id);
    entry?.end();
  }

  /** Resolves when the observation with this id is over. */
  async cancel(id: string): Promise<void> {
    const entry = this.#open.get(id);
    entry?.cancel.abort(this.#cancellation());
    if (entry === undefined && !this.#used.has(id)) this.#cancelled.add(id);
    await entry?.over;
  }

  preempt(id: string): void {
    const entry = this.#open.get(id);
    entry?.preempt.abort();
    if (entry === undefined && !this.#used.has(id)) this.#preempted.add(id);
  }

  /** The client has let go of its answer. */
  drop({ cancel }: Observation): void {
    cancel.abort(new Cancelled('disconnect'));
  }

  #cancellation(): StatusError {
    return new StatusError(Status.cancelled, `code-mode ${this.#what} was cancelled`);
  }
}
