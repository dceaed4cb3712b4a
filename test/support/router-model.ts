import type { RouterLimits } from '../../src/routing/router-limits.ts';
import { type ModelGuard, ModelGuards } from './router-model-guards.ts';
import { type ModelItem, ModelParking, type ModelWaiting } from './router-model-parking.ts';
import { type Move, serves } from './router-moves.ts';

/**
 * What a router must do, written as plainly as possible and without regard to cost. Does not cover
 * calls from inside a call.
 */
export class RouterModel {
  /** The result of the last move, and what was seen of it: `answered 3 cancelled`, `delivered 0 ?3`, `served 1 3` … */
  seen: string[] = [];
  readonly #parking: ModelParking;
  #closedIds: string[] = [];
  #live = new Map<string, number>();
  #registrations: { id: string; sink: number }[] = [];
  readonly #guards = new ModelGuards();
  #sinks = 0;
  #seq = 0;
  #now = 0;
  #closed = false;
  readonly #limits: RouterLimits;

  constructor(limits: RouterLimits) {
    this.#limits = limits;
    const evicted = (seq: number) => this.seen.push(`answered ${seq} pendingOverflow`);
    this.#parking = new ModelParking(limits, evicted);
  }

  /** The figures that `stats` must show. */
  get figures(): string {
    const { waiting, bytes } = this.#parking;
    const guards = this.#guards.open.length;
    const ids = [this.#parking.ids.length, this.#live.size, this.#closedIds.length];
    return [waiting.length, bytes, ...ids, guards].join();
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
        return this.#endGuard(this.#guards.at(move.slot));
      case 'claim':
        return this.#claim(this.#guards.at(move.slot), move.id);
      case 'give-up':
        return this.#giveUp(this.#guards.at(move.slot), move.id);
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
          this.#parking.drop((one) => one.isRequest && one.seq === this.#seq - move.which),
          'cancelled',
        );
      case 'event':
      case 'request':
        return this.#route(move.id, move.type === 'request', move.bytes, move.token);
      case 'pass':
        this.#now += move.ms;
        return this.#answerAll(
          this.#parking.drop((one) => one.dueAt <= this.#now),
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
    const sink = this.#live.get(id);
    if (sink !== undefined) return this.#deliver(sink, item, 'delivered');
    if (this.#closed) return this.#refuse(item, 'disconnected', 'closed');
    const isNamed = this.#guards.name(id, token);
    const isWaiting = this.#parking.ids.includes(id);
    if (this.#guards.ownerOf(id) === null && !isWaiting) {
      if (this.#closedIds.includes(id)) {
        this.#entomb(id);
        return this.#refuse(item, 'sessionClosed', 'closed');
      }
      const isDead = token !== undefined && !this.#guards.isLive(token);
      if (isDead) this.#entomb(id);
      const isAlone = this.#guards.open.length === 0;
      if (isDead || isAlone) return this.#refuse(item, 'unknownSession', 'unknown');
    }
    this.#guards.hear(id, seq, token, isWaiting);
    const guessed = isRequest ? this.#guards.onlyOne(id) : null;
    if (guessed !== null) guessed.guess = id;
    if (isWaiting && (isNamed || guessed !== null)) this.#offerLine(id);
    const declinedBy = this.#guards.serverOf(id, isRequest);
    if (declinedBy !== null && this.#isServed(item, declinedBy)) return 'served-early';
    const owner = this.#guards.ownerOf(id);
    const patient = owner === null ? this.#guards.open : [owner];
    const parkMs = Math.max(...patient.map((one) => one.parkMs));
    const dueAt = isRequest ? this.#now + parkMs : Number.POSITIVE_INFINITY;
    this.#parking.park({ ...item, dueAt, declinedBy });
    return 'buffered';
  }

  /** Offers all items that wait for an id to the guard that serves it now, once. */
  #offerLine(id: string): void {
    for (const one of this.#parking.waiting.filter((item) => item.id === id)) {
      const guard = this.#guards.serverOf(id, one.isRequest);
      if (guard === null || guard === one.declinedBy) continue;
      one.declinedBy = guard;
      if (this.#isServed(one, guard)) this.#parking.drop((item) => item === one);
    }
  }

  /** The guards have changed. */
  #offerAgain(): string {
    const asked = this.#parking.ids.filter((id) =>
      this.#parking.waiting.some((one) => one.id === id && one.isRequest),
    );
    const pairs = asked.map((id) => ({ id, guard: this.#guards.onlyOne(id) }));
    for (const { id, guard } of pairs) {
      if (guard === null) continue;
      const isAlone = pairs.every((pair) => pair.id === id || pair.guard !== guard);
      guard.guess = isAlone ? id : 'none';
      if (isAlone) this.#offerLine(id);
    }
    return 'none';
  }

  #isServed({ seq }: ModelItem, guard: ModelGuard): boolean {
    const isServed = serves(guard.early, seq);
    if (isServed) this.seen.push(`served ${guard.slot} ${seq}`);
    return isServed;
  }

  #claim(guard: ModelGuard | undefined, id: string): string {
    if (guard === undefined) return 'none';
    if (this.#closed || !guard.isOpen || guard.claimed) return 'throws';
    const result = this.#publish(id, guard);
    this.#offerAgain();
    return result;
  }

  #publish(id: string, guard: ModelGuard | null): string {
    const owner = this.#guards.ownerOf(id);
    if (this.#live.has(id) || (owner !== null && owner !== guard)) return 'throws';
    if (guard !== null) Object.assign(guard, { claimed: true, settled: true });
    this.#guards.disown(id);
    this.#closedIds = this.#closedIds.filter((one) => one !== id);
    const sink = this.#sinks;
    this.#sinks += 1;
    this.#registrations.push({ id, sink });
    this.#live.set(id, sink);
    const lost = this.#parking.lostSeqs.get(id) ?? [];
    const gap = `gap ${lost.length}: ${Math.min(...lost)}-${Math.max(...lost)}`;
    if (lost.length > 0) this.seen.push(`delivered ${sink} ${gap}`);
    for (const one of this.#parking.take(id)) this.#deliver(sink, one, '');
    return 'registered';
  }

  #openGuard({ slot, early, parkMs }: Extract<Move, { type: 'open' }>): string {
    if (this.#closed || this.#guards.at(slot)?.isOpen) return 'throws';
    this.#guards.add(slot, early, parkMs, this.#seq);
    return 'opened';
  }

  #endGuard(guard: ModelGuard | undefined): string {
    if (this.#closed || !guard?.isOpen) return 'none';
    const own = guard.named !== null && guard.named !== '' ? [guard.named] : [];
    this.#guards.remove(guard);
    for (const id of own) this.#entomb(id);
    const others = this.#guards.open.length === 0 ? this.#parking.ids : [];
    for (const id of new Set([...own, ...others])) {
      this.#answerAll(this.#parking.take(id), 'pendingEnded');
    }
    if (this.#guards.open.length === 0) this.#parking.lostSeqs.clear();
    return this.#offerAgain();
  }

  #giveUp(guard: ModelGuard | undefined, id: string): string {
    const owner = this.#guards.ownerOf(id);
    const isTaken = this.#live.has(id) || (owner !== null && owner !== guard);
    if (this.#closed || !guard?.isOpen || guard.claimed || isTaken) return 'false';
    Object.assign(guard, { claimed: true, settled: true });
    this.#discard(id);
    this.#offerAgain();
    return 'true';
  }

  #discard(id: string): string {
    if (this.#closed) return 'none';
    this.#live.delete(id);
    this.#guards.disown(id);
    this.#entomb(id);
    return this.#answerAll(this.#parking.take(id), 'sessionClosed');
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
    this.#parking.ids = [];
    this.#guards.clear();
    return this.#answerAll(this.#parking.waiting.splice(0), 'disconnected');
  }

  #entomb(id: string): void {
    this.#closedIds = [...this.#closedIds.filter((one) => one !== id), id];
    if (this.#closedIds.length > this.#limits.maxTombstones) this.#closedIds.shift();
  }

  #refuse(item: ModelItem, cause: string, result: string): string {
    if (item.isRequest) this.seen.push(`answered ${item.seq} ${cause}`);
    return result;
  }

  #answerAll(items: readonly ModelWaiting[], cause: string): string {
    for (const { seq, isRequest } of items) {
      if (isRequest) this.seen.push(`answered ${seq} ${cause}`);
    }
    return 'none';
  }

  #deliver(sink: number, { seq, isRequest }: ModelItem, result: string): string {
    this.seen.push(`delivered ${sink} ${isRequest ? '?' : ''}${seq}`);
    return result;
  }
}
