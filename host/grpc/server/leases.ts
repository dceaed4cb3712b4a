import { CodeModeError } from '../../../src/errors.ts';
import type { Lease } from './lease.ts';
import { ResultCarriers } from './result-carriers.ts';
import type { Caller } from './server-call.ts';

/**
 * The leases of a host by the ids of their sessions. Any connection may use a session, since a
 * balancer spreads the calls of one client over several.
 */
export class Leases {
  readonly carriers = new ResultCarriers();
  readonly #leases = new Map<string, Lease>();
  #isStopping = false;
  #empty: PromiseWithResolvers<void> | null = null;

  get size(): number {
    return this.#leases.size;
  }

  /** Whether no session is opened any more. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** The lease of a session that is not closing. @throws `session_unknown`. */
  get(sessionId: string): Lease {
    const lease = this.#leases.get(sessionId);
    if (lease !== undefined && !lease.isClosing) return lease;
    throw new CodeModeError('session_unknown', `unknown code-mode session ${sessionId}`);
  }

  /** The lease of a session, also of one that is closing. */
  find(sessionId: string): Lease | undefined {
    return this.#leases.get(sessionId);
  }

  /** Those that were opened over a connection and are not closed. */
  of(caller: Caller): readonly Lease[] {
    return [...this.#leases.values()].filter((lease) => lease.caller === caller);
  }

  add(lease: Lease): void {
    this.#leases.set(lease.sessionId, lease);
  }

  /** Every stream of a session has ended. */
  delete({ sessionId, caller }: Lease): void {
    this.#leases.delete(sessionId);
    if (this.#isStopping) this.retireUnused(caller);
    if (this.#leases.size === 0) this.#empty?.resolve();
  }

  /** A connection with sessions stays: by another one, a balancer might not lead to this host. */
  retireUnused(caller: Caller): void {
    if (this.of(caller).length === 0) caller.retire();
  }

  /** Refuses new sessions. Resolves when there are none left. */
  stop(): Promise<void> {
    this.#isStopping = true;
    this.#empty ??= Promise.withResolvers();
    if (this.#leases.size === 0) this.#empty.resolve();
    return this.#empty.promise;
  }
}
