import type { RouterLimits } from '../../src/router-limits.ts';
import { type Early, type Move, serves } from './router-moves.ts';

interface Waiting {
  readonly id: string;
  readonly seq: number;
  readonly isRequest: boolean;
  readonly bytes: number;
  readonly dueAt: number;
}

interface ModelGuard {
  readonly slot: number;
  readonly early: Early;
  readonly parkMs: number;
  isOpen: boolean;
  claimed: boolean;
  named: string | null;
}

/**
 * What a router is to do, said as plainly as can be and without a thought for cost. Knows no
 * calls from inside a call.
 */
export class RouterModel {
  /** What the last move came to, and what was seen of it: `answered 3 cancelled`, `delivered 0 ?3` … */
  seen: string[] = [];
  #waiting: Waiting[] = [];
  #pendingIds: string[] = [];
  #lostSeqs = new Map<string, number[]>();
  #closedIds: string[] = [];
  #live = new Map<string, number>();
  #registrations: { id: string; sink: number }[] = [];
  #guards: (ModelGuard | undefined)[] = [];
  #sinks = 0;
  #seq = 0;
  #now = 0;
  #closed = false;
  readonly #limits: RouterLimits;

  constructor(limits: RouterLimits) {
    this.#limits = limits;
  }

  /** What `stats` must show. */
  get figures(): string {
    const bytes = this.#waiting.reduce((sum, one) => sum + one.bytes, 0);
    const guards = this.#open().length;
    const ids = [this.#pendingIds.length, this.#live.size, this.#closedIds.length];
    return [this.#waiting.length, bytes, ...ids, guards].join();
  }

  play(move: Move): void {
    this.seen = [];
    this.seen.unshift(`= ${this.#play(move)}`);
  }

  #play(move: Move): string {
    switch (move.type) {
      case 'open':
        return this.#openGuard(move);
      case 'release':
        return this.#endGuard(this.#guards[move.slot]);
      case 'claim':
        return this.#claim(this.#guards[move.slot], move.id);
      case 'give-up':
        return this.#giveUp(this.#guards[move.slot], move.id);
      case 'register':
        return this.#closed ? 'throws' : this.#publish(move.id, null);
      case 'discard':
        return this.#discard(move.id);
      case 'let-go':
        return this.#letGo(this.#registrations.at(-1 - move.which));
      case 'swap':
        return this.#swap(this.#registrations.at(-1 - move.which));
      case 'cancel':
        return this.#answerAll(
          this.#drop((one) => one.isRequest && one.seq === this.#seq - move.which),
          'cancelled',
        );
      case 'event':
      case 'request':
        return this.#route(move.id, move.type === 'request', move.bytes, move.token);
      case 'pass':
        this.#now += move.ms;
        return this.#answerAll(
          this.#drop((one) => one.dueAt <= this.#now),
          'parkTimeout',
        );
      case 'close':
        return this.#close();
    }
  }

  #route(id: string, isRequest: boolean, bytes: number, token: string | undefined): string {
    this.#seq += 1;
    const seq = this.#seq;
    const item = { id, seq, isRequest, bytes };
    const lane = this.#live.get(id);
    if (lane !== undefined) return this.#deliver(lane, item, 'delivered');
    const owner = this.#ownerOf(id, token);
    if (this.#closed) return this.#refuse(item, 'disconnected', 'closed');
    if (owner === null && !this.#pendingIds.includes(id)) {
      if (this.#closedIds.includes(id)) {
        this.#entomb(id);
        return this.#refuse(item, 'sessionClosed', 'closed');
      }
      const dead = token !== undefined && !this.#open().some(({ slot }) => token === `t${slot}`);
      if (dead) this.#entomb(id);
      if (dead || this.#open().length === 0) return this.#refuse(item, 'unknownSession', 'unknown');
    }
    const candidates = owner === null ? this.#open().filter((one) => one.named === null) : [owner];
    const free = candidates.filter(({ claimed }) => !claimed);
    if (isRequest && free.length === 1 && serves(free[0]!.early, seq)) return 'served-early';
    const patient = owner === null ? this.#open() : [owner];
    const parkMs = Math.max(...patient.map((one) => one.parkMs));
    this.#park({ ...item, dueAt: isRequest ? this.#now + parkMs : Number.POSITIVE_INFINITY });
    return 'buffered';
  }

  #park(item: Waiting): void {
    const { maxItemsPerId, maxParkedBytes, maxPendingIds } = this.#limits;
    if (item.bytes > maxParkedBytes) return this.#evict(item);
    if (!this.#pendingIds.includes(item.id)) {
      this.#pendingIds.push(item.id);
      if (this.#pendingIds.length > maxPendingIds) this.#forgetOldest(this.#pendingIds.shift()!);
    }
    const mates = this.#waiting.filter(({ id }) => id === item.id);
    if (mates.length === maxItemsPerId) {
      for (const one of this.#drop(({ seq }) => seq === mates[0]!.seq)) this.#evict(one);
    }
    const isOver = () =>
      this.#waiting.reduce((sum, { bytes }) => sum + bytes, item.bytes) > maxParkedBytes;
    while (isOver()) this.#evict(this.#waiting.shift()!);
    this.#waiting.push(item);
  }

  #forgetOldest(id: string): void {
    for (const one of this.#drop((item) => item.id === id)) this.#evict(one);
    const seqs = this.#lostSeqs.get(id);
    if (seqs !== undefined) this.#lose(id, seqs);
  }

  /** Losses of ids that nothing waits for are forgotten too, in time. */
  #lose(id: string, seqs: number[]): void {
    this.#lostSeqs.delete(id);
    this.#lostSeqs.set(id, seqs);
    const idle = [...this.#lostSeqs.keys()].filter((one) => !this.#pendingIds.includes(one));
    if (idle.length > this.#limits.maxTombstones) this.#lostSeqs.delete(idle[0]!);
  }

  #evict({ id, seq, isRequest }: Omit<Waiting, 'dueAt'>): void {
    if (isRequest) this.seen.push(`answered ${seq} pendingOverflow`);
    else this.#lose(id, [...(this.#lostSeqs.get(id) ?? []), seq]);
  }

  #claim(guard: ModelGuard | undefined, id: string): string {
    if (guard === undefined) return 'none';
    if (this.#closed || !guard.isOpen || guard.claimed) return 'throws';
    return this.#publish(id, guard);
  }

  #publish(id: string, guard: ModelGuard | null): string {
    const owner = this.#ownerOf(id, undefined);
    if (this.#live.has(id) || (owner !== null && owner !== guard)) return 'throws';
    if (guard !== null) guard.claimed = true;
    this.#disown(id);
    this.#closedIds = this.#closedIds.filter((one) => one !== id);
    const sink = this.#sinks;
    this.#sinks += 1;
    this.#registrations.push({ id, sink });
    this.#live.set(id, sink);
    const lost = this.#lostSeqs.get(id) ?? [];
    const gap = `gap ${lost.length}: ${Math.min(...lost)}-${Math.max(...lost)}`;
    if (lost.length > 0) this.seen.push(`delivered ${sink} ${gap}`);
    for (const one of this.#take(id)) this.#deliver(sink, one, '');
    return 'registered';
  }

  #openGuard({ slot, early, parkMs }: Extract<Move, { type: 'open' }>): string {
    if (this.#closed || this.#guards[slot]?.isOpen) return 'throws';
    this.#guards[slot] = { slot, early, parkMs, isOpen: true, claimed: false, named: null };
    return 'opened';
  }

  #endGuard(guard: ModelGuard | undefined): string {
    if (this.#closed || !guard?.isOpen) return 'none';
    guard.isOpen = false;
    const own = guard.named !== null && guard.named !== '' ? [guard.named] : [];
    const others = this.#open().length === 0 ? this.#pendingIds : [];
    for (const id of new Set([...own, ...others])) {
      this.#entomb(id);
      this.#answerAll(this.#take(id), 'pendingEnded');
    }
    if (this.#open().length === 0) this.#lostSeqs.clear();
    return 'none';
  }

  #giveUp(guard: ModelGuard | undefined, id: string): string {
    const owner = this.#ownerOf(id, undefined);
    const isTaken = this.#live.has(id) || (owner !== null && owner !== guard);
    if (this.#closed || !guard?.isOpen || guard.claimed || isTaken) return 'false';
    guard.claimed = true;
    this.#discard(id);
    return 'true';
  }

  #discard(id: string): string {
    if (this.#closed) return 'none';
    this.#live.delete(id);
    this.#disown(id);
    this.#entomb(id);
    return this.#answerAll(this.#take(id), 'sessionClosed');
  }

  #letGo(registration: { id: string; sink: number } | undefined): string {
    if (!this.#isCurrent(registration)) return 'false';
    this.#discard(registration.id);
    return 'true';
  }

  #swap(registration: { id: string; sink: number } | undefined): string {
    if (!this.#isCurrent(registration)) return 'false';
    registration.sink = this.#sinks;
    this.#sinks += 1;
    this.#live.set(registration.id, registration.sink);
    return 'true';
  }

  #isCurrent(one: { id: string; sink: number } | undefined): one is { id: string; sink: number } {
    return one !== undefined && this.#live.get(one.id) === one.sink;
  }

  #close(): string {
    if (this.#closed) return 'none';
    this.#closed = true;
    this.#live.clear();
    this.#pendingIds = [];
    for (const guard of this.#guards) if (guard !== undefined) guard.isOpen = false;
    return this.#answerAll(this.#waiting.splice(0), 'disconnected');
  }

  #open(): readonly ModelGuard[] {
    return this.#guards.filter((guard) => guard !== undefined).filter(({ isOpen }) => isOpen);
  }

  /** An empty name stands for one that was used up. */
  #ownerOf(id: string, token: string | undefined): ModelGuard | null {
    const owner = this.#open().find(({ named }) => named === id);
    if (owner !== undefined) return owner;
    const guard = this.#open().find(({ slot }) => token === `t${slot}`);
    if (guard === undefined || guard.claimed || guard.named !== null) return null;
    guard.named = id;
    return guard;
  }

  #disown(id: string): void {
    for (const guard of this.#open()) if (guard.named === id) guard.named = '';
  }

  #entomb(id: string): void {
    this.#closedIds = [...this.#closedIds.filter((one) => one !== id), id];
    if (this.#closedIds.length > this.#limits.maxTombstones) this.#closedIds.shift();
  }

  #take(id: string): readonly Waiting[] {
    this.#lostSeqs.delete(id);
    this.#pendingIds = this.#pendingIds.filter((one) => one !== id);
    return this.#drop((one) => one.id === id);
  }

  #drop(which: (item: Waiting) => boolean): readonly Waiting[] {
    const out = this.#waiting.filter(which);
    this.#waiting = this.#waiting.filter((one) => !which(one));
    return out;
  }

  #refuse(item: Omit<Waiting, 'dueAt'>, cause: string, result: string): string {
    if (item.isRequest) this.seen.push(`answered ${item.seq} ${cause}`);
    return result;
  }

  #answerAll(items: readonly Waiting[], cause: string): string {
    for (const { seq, isRequest } of items) {
      if (isRequest) this.seen.push(`answered ${seq} ${cause}`);
    }
    return 'none';
  }

  #deliver(sink: number, { seq, isRequest }: Omit<Waiting, 'dueAt'>, result: string): string {
    this.seen.push(`delivered ${sink} ${isRequest ? '?' : ''}${seq}`);
    return result;
  }
}
