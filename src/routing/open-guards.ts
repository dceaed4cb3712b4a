import { CodeModeError } from '../errors.ts';
import type { Arrival } from './arrival-queues.ts';
import type { RoutedEvent, RoutedItem, RoutedRequest, Traffic } from './routed-items.ts';

/** What a guard is opened for. */
export interface GuardOptions<T extends Traffic> {
  /** The token that the peer sends back with the first message about the new id. No two open guards share one. */
  readonly token?: string | undefined;
  /**
   * Serves requests for the new id before it is claimed, because the creation may wait for their
   * answers. Called once per request, and only if the id can belong to no other guard: see `OpenGuards`.
   *
   * @returns True if this function answers the request; false to park it for the sink.
   */
  readonly early?: ((request: RoutedRequest<T>, id: string) => boolean) | undefined;
  /**
   * Takes events for the new id before it is claimed. Called when `early` would be, but an event
   * alone assigns an id to no guard. Default: events wait for the sink.
   *
   * @returns True if this function took the event; false to park it for the sink.
   */
  readonly earlyEvent?: ((event: RoutedEvent<T>, id: string) => boolean) | undefined;
  /** How long a request waits, in milliseconds. Default: the limit of the router. */
  readonly parkMs?: number | undefined;
}

/** A guard, as the router keeps it. */
export interface OpenGuard<T extends Traffic> extends GuardOptions<T> {
  readonly parkMs: number;
  /** `seq` of the last item that came before it was opened. */
  readonly openedAt: number;
  claimed: boolean;
  /** The id that it was assigned without a token; null if two ids were equally likely. */
  guess?: string | null;
}

/** When an unregistered id was heard of, and how certain its guard is. */
export interface Heard {
  /** `seq` of the first item. */
  readonly firstSeq: number;
  /** Whether an item came without a token while several guards were without an id, or with the token of another id. */
  readonly isVague: boolean;
  /** Whether a guard that it may have belonged to has ended since the latest item. */
  readonly isDoubtful: boolean;
}

/** For an id that came with a token: nothing else matters. */
const OWNED: Heard = { firstSeq: 0, isVague: false, isDoubtful: false };

/**
 * The open guards of a router, and which unclaimed id belongs to which guard.
 *
 * A guard serves early requests of one id, and only if that id can belong to no other guard:
 *
 * 1. An id that came with the token of a guard belongs to that guard, with all earlier and later
 *    items for it. A token stands for the first id that it came with.
 * 2. Any other id can belong to each guard that was open when the id was first heard of and has not
 *    claimed. The id belongs to the last such guard that is left. A guard that was opened later
 *    cannot own it, because a peer mentions no id before it was asked to create one.
 * 3. A guard that ended without an id may have owned every id heard of until then. The guard that is
 *    left gets such an id when the peer mentions it again: peers are silent after a failed creation.
 * 4. A peer that sends tokens sends one whenever several guards are open. An id of such a peer that
 *    was first heard of without a token, while several guards were open, is assigned to no guard. It
 *    waits for a token or a claim.
 * 5. A guard gets one id. By rule 2 it gets the first id only, and no id if two are left for one
 *    guard, because at least one of the two is not its own.
 *
 * If only one guard is open, rule 2 is a guess: the id may be foreign. Without the guess, a peer that
 * waits for an answer before it reports the new id would wait for ever.
 */
export class OpenGuards<T extends Traffic> {
  readonly #open = new Set<OpenGuard<T>>();
  /** Guards that have not claimed, in the order in which they were opened. */
  readonly #onTheirWay = new Set<OpenGuard<T>>();
  readonly #byToken = new Map<string, OpenGuard<T>>();
  readonly #byId = new Map<string, OpenGuard<T>>();
  readonly #named = new Map<OpenGuard<T>, string>();
  readonly #guessed = new Map<string, OpenGuard<T>>();
  #peerSendsTokens = false;

  get size(): number {
    return this.#open.size;
  }

  /** @throws `invalid_argument` if another open guard has the token. */
  add(guard: OpenGuard<T>): void {
    const { token } = guard;
    if (token !== undefined && this.#byToken.has(token)) {
      throw new CodeModeError('invalid_argument', `Cannot open a guard: ${token} is in use`);
    }
    this.#open.add(guard);
    this.#onTheirWay.add(guard);
    if (token !== undefined) this.#byToken.set(token, guard);
  }

  /** Whether the guard's id is unknown. */
  isUndecided(guard: OpenGuard<T>): boolean {
    return this.#onTheirWay.has(guard) && !this.#named.has(guard);
  }

  /** @returns The id that belonged to the guard by its token, if it was not claimed; null otherwise. */
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

  /** Assigns an id to the guard of the token that it came with. @returns Whether the id was assigned just now. */
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

  /** The guard that an id belongs to by a token. */
  ownerOf(id: string): OpenGuard<T> | null {
    return this.#byId.get(id) ?? null;
  }

  /** Ends the assignment of an id by a token. */
  forget(id: string): void {
    this.#byId.delete(id);
  }

  /** The guard has claimed its id, or will claim no id. */
  settle(guard: OpenGuard<T>): void {
    this.#onTheirWay.delete(guard);
    this.#forgetGuess(guard);
  }

  /**
   * What is known about an id after this item.
   *
   * @param before What was known before it; undefined if nothing waits for the id.
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

  /** The one guard that an id can belong to, if the id was not assigned to it yet. See rules 2 to 5. */
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

  /** Assigns an id to a guard without a token. See rule 5. */
  guess(guard: OpenGuard<T>, id: string): void {
    guard.guess = id;
    this.#guessed.set(id, guard);
  }

  /** The guard to offer an item to; null if the item has to wait. */
  serverOf(id: string, { kind }: RoutedItem<T>): OpenGuard<T> | null {
    const guard = this.#byId.get(id) ?? this.#guessed.get(id);
    if (guard === undefined || guard.claimed) return null;
    const hook = kind === 'request' ? guard.early : guard.earlyEvent;
    return hook === undefined ? null : guard;
  }

  /** Two ids are left for the guard, so that it gets neither. See rule 5. */
  guessNone(guard: OpenGuard<T>): void {
    this.#forgetGuess(guard);
    guard.guess = null;
  }

  /** How long a request waits, in milliseconds: the longest time of the guards that its id can belong to. */
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
