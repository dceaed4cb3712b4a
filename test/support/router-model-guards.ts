import type { Early } from './router-moves.ts';

/** A guard of the model. */
export interface ModelGuard {
  readonly slot: number;
  readonly early: Early;
  readonly parkMs: number;
  readonly openedAt: number;
  isOpen: boolean;
  claimed: boolean;
  /** Whether its id is certain, or it gets no id. */
  settled: boolean;
  /** Its id by a token; empty if that was used up. */
  named: string | null;
  /** The id it was assigned without a token; `none` if it must get none. */
  guess: string | null | 'none';
}

/** When an id was heard of. */
interface ModelHeard {
  firstSeq: number;
  isVague: boolean;
  isDoubtful: boolean;
}

/** Which guard an id belongs to, by the rules in the comment of `OpenGuards`. */
export class ModelGuards {
  readonly #slots: (ModelGuard | undefined)[] = [];
  readonly heard = new Map<string, ModelHeard>();
  #peerSendsTokens = false;

  at(slot: number): ModelGuard | undefined {
    return this.#slots[slot];
  }

  get open(): readonly ModelGuard[] {
    return this.#slots.filter((guard) => guard !== undefined).filter(({ isOpen }) => isOpen);
  }

  add(slot: number, early: Early, parkMs: number, openedAt: number): void {
    const state = { isOpen: true, claimed: false, settled: false, named: null, guess: null };
    this.#slots[slot] = { slot, early, parkMs, openedAt, ...state };
  }

  remove(guard: ModelGuard): void {
    guard.isOpen = false;
    if (guard.settled || guard.named !== null) return;
    for (const heard of this.heard.values()) {
      if (heard.firstSeq > guard.openedAt) heard.isDoubtful = true;
    }
  }

  clear(): void {
    for (const guard of this.open) guard.isOpen = false;
  }

  ownerOf(id: string): ModelGuard | null {
    return this.open.find(({ named }) => named === id) ?? null;
  }

  isLive(token: string): boolean {
    return this.open.some(({ slot }) => token === `t${slot}`);
  }

  /** @returns Whether the token gave the id to its guard just now. */
  name(id: string, token: string | undefined): boolean {
    if (token === undefined || this.ownerOf(id) !== null) return false;
    this.#peerSendsTokens = true;
    const guard = this.open.find(({ slot }) => token === `t${slot}`);
    if (guard === undefined || guard.claimed || guard.named !== null) return false;
    guard.named = id;
    return true;
  }

  disown(id: string): void {
    for (const guard of this.open) if (guard.named === id) guard.named = '';
  }

  /** An item came. */
  hear(id: string, seq: number, token: string | undefined, isWaiting: boolean): void {
    if (!isWaiting) this.heard.delete(id);
    const isOwned = this.ownerOf(id) !== null;
    const before = this.heard.get(id);
    const isAnothers = token !== undefined && !isOwned;
    const isVague = isAnothers || this.#unsettled.length > 1 || before?.isVague === true;
    for (const guard of this.#unsettled) {
      if (isAnothers && guard.guess === id) guard.guess = 'none';
    }
    if (before !== undefined && isOwned) return;
    const firstSeq = isOwned ? 0 : (before?.firstSeq ?? seq);
    this.heard.set(id, { firstSeq, isVague: !isOwned && isVague, isDoubtful: false });
  }

  /** The guard that an id may be assigned to without a token. */
  onlyOne(id: string): ModelGuard | null {
    if (this.ownerOf(id) !== null || this.#guessed(id) !== undefined) return null;
    const { firstSeq, isVague, isDoubtful } = this.heard.get(id)!;
    if (isDoubtful || (isVague && this.#peerSendsTokens)) return null;
    const [one, another] = this.#unsettled.filter(({ openedAt }) => openedAt < firstSeq);
    const isFree = one?.named === null && one.guess === null;
    return isFree && another === undefined ? one : null;
  }

  /** The guard that is offered a request or an event. */
  serverOf(id: string, isRequest: boolean): ModelGuard | null {
    const guard = this.ownerOf(id) ?? this.#guessed(id) ?? null;
    if (guard === null || guard.claimed) return null;
    return guard.early === 'odd' || (isRequest && guard.early === 'all') ? guard : null;
  }

  get #unsettled(): readonly ModelGuard[] {
    return this.open.filter(({ settled }) => !settled);
  }

  #guessed(id: string): ModelGuard | undefined {
    return this.#unsettled.find(({ guess, named }) => guess === id && named === null);
  }
}
