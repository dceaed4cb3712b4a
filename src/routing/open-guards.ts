import { CodeModeError } from '../errors.ts';
import type { Arrival } from './arrival-queues.ts';
import type { RoutedEvent, RoutedItem, RoutedRequest, Traffic } from './routed-items.ts';

/** What a guard is opened for. */
export interface GuardOptions<T extends Traffic> {
  /** What the peer sends back with the first message about the new id. Not that of another open guard. */
  readonly token?: string | undefined;
  /**
   * Serves requests about the new id before it is claimed, because what is being created may wait
   * for their answers. Asked once for each request, and only where the id can be nobody else's:
   * see `OpenGuards`.
   *
   * @returns False to let the request wait for the sink instead; true means that it gets its answer from here.
   */
  readonly early?: ((request: RoutedRequest<T>, id: string) => boolean) | undefined;
  /**
   * Takes events about the new id before it is claimed. Asked where `early` would be asked, but an
   * event alone is no reason to guess whose an id is. Default: events wait for the sink.
   *
   * @returns False to let the event wait for the sink instead.
   */
  readonly earlyEvent?: ((event: RoutedEvent<T>, id: string) => boolean) | undefined;
  /** How long a request waits, in milliseconds. Default: the limit of the router. */
  readonly parkMs?: number | undefined;
}

/** A guard as its router sees it. */
export interface OpenGuard<T extends Traffic> extends GuardOptions<T> {
  readonly parkMs: number;
  /** `seq` of the last item that came before it was opened. */
  readonly openedAt: number;
  claimed: boolean;
  /** The id that it was asked about without a token; null where two ids were as likely. */
  guess?: string | null;
}

/** When an id was heard of that nobody has yet. */
export interface Heard {
  /** `seq` of the first item. */
  readonly firstSeq: number;
  /** Whether an item came without a token while several guards were without an id, or with the token of another id. */
  readonly isVague: boolean;
  /** Whether a guard that it may have belonged to has ended since the latest item. */
  readonly isDoubtful: boolean;
}

/** Of an id that came with a token nothing else is asked. */
const OWNED: Heard = { firstSeq: 0, isVague: false, isDoubtful: false };

/**
 * The guards of a router that have not ended, and whose the ids are that nobody has claimed yet.
 *
 * A guard serves early requests of one id, and only where that id can belong to no other guard:
 *
 * 1. An id that came with the token of a guard belongs to that guard, with all that came for it
 *    before and comes after. A token stands for the first id that it came with.
 * 2. Any other id can belong to each guard that was open when the id was first heard of and whose own
 *    id is not known by a claim. The id belongs to the last of them that is left. A guard that was
 *    opened later cannot be the owner: nobody speaks of a thing before it was asked for.
 * 3. A guard that ended with no id may have been the owner of every id heard of until then. The guard
 *    that is left gets such an id when the peer speaks of it again: a failed creation says nothing.
 * 4. A peer that sends tokens sends one wherever several guards are open. From such a peer, an id that
 *    was first heard of without a token among several guards belongs to none of them, as far as can
 *    be known: it waits for a token or a claim.
 * 5. A guard gets one id. By rule 2 it is asked about the first id only, and about none where two ids
 *    are left for one guard: at least one of them is a stranger's.
 *
 * Rule 2 is a guess where one guard alone is open: the id may be a stranger's. It is made because a
 * peer that waits for the answer before it tells the id would otherwise wait for ever.
 */
export class OpenGuards<T extends Traffic> {
  readonly #open = new Set<OpenGuard<T>>();
  /** Those whose id is not known by a claim, in the order in which they were opened. */
  readonly #onTheirWay = new Set<OpenGuard<T>>();
  readonly #byToken = new Map<string, OpenGuard<T>>();
  readonly #byId = new Map<string, OpenGuard<T>>();
  readonly #named = new Map<OpenGuard<T>, string>();
  readonly #guessed = new Map<string, OpenGuard<T>>();
  #peerSendsTokens = false;

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
    this.#onTheirWay.add(guard);
    if (token !== undefined) this.#byToken.set(token, guard);
  }

  /** Whether nothing is known of the guard's id. */
  isUndecided(guard: OpenGuard<T>): boolean {
    return this.#onTheirWay.has(guard) && !this.#named.has(guard);
  }

  /** @returns The id that was the guard's by its token, if there was one and it has not been taken. */
  remove(guard: OpenGuard<T>): string | null {
    this.settle(guard);
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
    this.#onTheirWay.clear();
    this.#byToken.clear();
    this.#byId.clear();
    this.#named.clear();
    this.#guessed.clear();
  }

  has(guard: OpenGuard<T>): boolean {
    return this.#open.has(guard);
  }

  hasToken(token: string): boolean {
    return this.#byToken.has(token);
  }

  /** Makes an id the guard's whose token it came with. @returns Whether it was not the guard's before. */
  name(id: string, token: string | undefined): boolean {
    if (token === undefined || this.#byId.has(id)) return false;
    this.#peerSendsTokens = true;
    const guard = this.#byToken.get(token);
    if (guard === undefined || guard.claimed || this.#named.has(guard)) return false;
    this.#forgetGuess(guard);
    this.#named.set(guard, id);
    this.#byId.set(id, guard);
    return true;
  }

  /** Whose id it is, by a token it came with. */
  ownerOf(id: string): OpenGuard<T> | null {
    return this.#byId.get(id) ?? null;
  }

  /** The id is nobody's by a token any more. */
  forget(id: string): void {
    this.#byId.delete(id);
  }

  /** The guard has its id, or will have none. */
  settle(guard: OpenGuard<T>): void {
    this.#onTheirWay.delete(guard);
    this.#forgetGuess(guard);
  }

  /**
   * What is known of an id with this item.
   *
   * @param before What was known without it; undefined where nothing waits for the id.
   */
  hear(id: string, { item, token, parked }: Arrival<T>, before: Heard | undefined): Heard {
    if (this.#byId.has(id)) return before ?? OWNED;
    if (parked !== undefined && before !== undefined) return before;
    const isAnothers = token !== undefined;
    const guess = this.#guessed.get(id);
    if (isAnothers && guess !== undefined) this.guessNone(guess);
    const isVague = isAnothers || this.#onTheirWay.size > 1 || before?.isVague === true;
    if (before?.isVague === isVague && !before.isDoubtful) return before;
    return { firstSeq: before?.firstSeq ?? item.seq, isVague, isDoubtful: false };
  }

  /** The guard that an id can belong to by what is known, and that has not been asked about it. See rules 2 to 5. */
  onlyOne(id: string, heard: Heard): OpenGuard<T> | null {
    if (this.#byId.has(id) || this.#guessed.has(id)) return null;
    if (heard.isDoubtful || (heard.isVague && this.#peerSendsTokens)) return null;
    let only: OpenGuard<T> | null = null;
    for (const guard of this.#onTheirWay) {
      if (guard.openedAt >= heard.firstSeq) break;
      if (only !== null) return null;
      only = guard;
    }
    if (only?.early === undefined || only.guess !== undefined) return null;
    return this.#named.has(only) ? null : only;
  }

  /** The guard is asked about an id from now on. See rule 5. */
  guess(guard: OpenGuard<T>, id: string): void {
    guard.guess = id;
    this.#guessed.set(id, guard);
  }

  /** The guard to offer an item to; null where it has to wait. */
  serverOf(id: string, { kind }: RoutedItem<T>): OpenGuard<T> | null {
    const guard = this.#byId.get(id) ?? this.#guessed.get(id);
    if (guard === undefined || guard.claimed) return null;
    const hook = kind === 'request' ? guard.early : guard.earlyEvent;
    return hook === undefined ? null : guard;
  }

  /** Two ids are left for the guard. See rule 5. */
  guessNone(guard: OpenGuard<T>): void {
    this.#forgetGuess(guard);
    guard.guess = null;
  }

  /** How long a request waits, in milliseconds: as long as the most patient guard that may get its id wants. */
  patience(owner: OpenGuard<T> | null): number {
    if (owner !== null) return owner.parkMs;
    let longest = 0;
    for (const { parkMs } of this.#open) longest = Math.max(longest, parkMs);
    return longest;
  }

  #forgetGuess(guard: OpenGuard<T>): void {
    if (typeof guard.guess === 'string') this.#guessed.delete(guard.guess);
  }
}
