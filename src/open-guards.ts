import { CodeModeError } from './errors.ts';
import type { RoutedRequest, Traffic } from './routed-items.ts';

/** What a guard is opened for. */
export interface GuardOptions<T extends Traffic> {
  /** What the peer sends back with the first message about the new id. Not that of another open guard. */
  readonly token?: string | undefined;
  /**
   * Serves requests about the new id before it is claimed, because what is being created may wait
   * for their answers. Asked while this guard is the only one without an id, or the id came with its token.
   *
   * @returns False to let the request wait for the sink instead; true means that it gets its answer from here.
   */
  readonly early?: ((request: RoutedRequest<T>, id: string) => boolean) | undefined;
  /** How long a request waits, in milliseconds. Default: the limit of the router. */
  readonly parkMs?: number | undefined;
}

/** A guard as its router sees it. */
export interface OpenGuard<T extends Traffic> extends GuardOptions<T> {
  readonly parkMs: number;
  claimed: boolean;
}

/** The guards of a router that have not ended, and which ids are theirs by a token. */
export class OpenGuards<T extends Traffic> {
  readonly #open = new Set<OpenGuard<T>>();
  readonly #byToken = new Map<string, OpenGuard<T>>();
  readonly #byId = new Map<string, OpenGuard<T>>();
  readonly #named = new Map<OpenGuard<T>, string>();

  get size(): number {
    return this.#open.size;
  }

  /** @throws `invalid_argument` where another open guard has the token. */
  add(guard: OpenGuard<T>): void {
    const { token } = guard;
    if (token !== undefined && this.#byToken.has(token)) {
      throw new CodeModeError('invalid_argument', `Cannot open a guard: ${token} is in use`);
    }
    this.#open.add(guard);
    if (token !== undefined) this.#byToken.set(token, guard);
  }

  /** @returns The id that was the guard's by its token, if there was one and it has not been taken. */
  remove(guard: OpenGuard<T>): string | null {
    this.#open.delete(guard);
    if (guard.token !== undefined) this.#byToken.delete(guard.token);
    const id = this.#named.get(guard);
    this.#named.delete(guard);
    if (id === undefined || this.#byId.get(id) !== guard) return null;
    this.#byId.delete(id);
    return id;
  }

  clear(): void {
    this.#open.clear();
    this.#byToken.clear();
    this.#byId.clear();
    this.#named.clear();
  }

  has(guard: OpenGuard<T>): boolean {
    return this.#open.has(guard);
  }

  hasToken(token: string): boolean {
    return this.#byToken.has(token);
  }

  /** Whose id it is, by the token it came with now or before. A token stands for the first id it came with. */
  ownerOf(id: string, token?: string): OpenGuard<T> | null {
    const owner = this.#byId.get(id) ?? null;
    if (owner !== null || token === undefined) return owner;
    const guard = this.#byToken.get(token);
    if (guard === undefined || guard.claimed || this.#named.has(guard)) return null;
    this.#named.set(guard, id);
    this.#byId.set(id, guard);
    return guard;
  }

  /** Makes an id this guard's, as if it had come with its token. */
  give(guard: OpenGuard<T>, id: string): void {
    const other = this.#named.get(guard);
    if (other !== undefined && other !== id) this.#byId.delete(other);
    this.#named.set(guard, id);
    this.#byId.set(id, guard);
  }

  /** The id is nobody's by a token any more. */
  forget(id: string): void {
    this.#byId.delete(id);
  }

  /** Who may serve requests about an id early. */
  earlyFor(owner: OpenGuard<T> | null): OpenGuard<T> | null {
    if (owner !== null) return owner.claimed ? null : owner;
    let only: OpenGuard<T> | null = null;
    for (const guard of this.#open) {
      if (guard.claimed || this.#named.has(guard)) continue;
      if (only !== null) return null;
      only = guard;
    }
    return only;
  }

  /** How long a request waits, in milliseconds: as long as the most patient guard that may get its id wants. */
  patience(owner: OpenGuard<T> | null): number {
    if (owner !== null) return owner.parkMs;
    let longest = 0;
    for (const { parkMs } of this.#open) longest = Math.max(longest, parkMs);
    return longest;
  }
}
