import type { Delivery, Registration } from '../../src/routing/routed-items.ts';
import type { Move } from './router-moves.ts';
import { RouterPlay } from './router-play.ts';
import type { Words } from './word-router.ts';

/**
 * Plays moves on a router, many of them from inside its own calls, and records what goes wrong:
 * an item with more than one fate or without one, items out of order, a sink entered during its own call.
 */
export class Storm {
  readonly faults: string[] = [];
  readonly #play: RouterPlay;
  readonly #moves: Move[];
  readonly #isInside: Iterator<boolean>;
  readonly #fates = new Map<string, string[]>();
  readonly #registrations = new Map<Registration<Words>, { lastSeq: number; busy: boolean }>();

  /** @param isInside Whether a call from the router makes the next move, asked at each call. */
  constructor(moves: readonly Move[], isInside: Iterator<boolean>, tick: (ms: number) => void) {
    this.#moves = [...moves].reverse();
    this.#isInside = isInside;
    this.#play = new RouterPlay(tick);
    this.#play.onDelivery = (delivery, registration) => this.#deliver(delivery, registration);
    this.#play.onOffer = () => this.#moveInside();
    const { rig } = this.#play;
    const { onDrop } = rig;
    rig.onReply = () => this.#moveInside();
    rig.onDrop = (drop) => {
      onDrop(drop);
      if (drop.item.kind !== 'gap') this.#meet(drop.item.message, drop.cause);
      this.#moveInside();
    };
  }

  run(): void {
    for (let move = this.#moves.pop(); move !== undefined; move = this.#moves.pop()) {
      this.#play.play(move);
    }
    for (const slot of [0, 1, 2]) this.#play.play({ type: 'release', slot, id: '' });
    this.#judge();
  }

  #deliver(delivery: Delivery<Words>, registration: Registration<Words>): void {
    const state = this.#registrations.get(registration) ?? { lastSeq: 0, busy: false };
    this.#registrations.set(registration, state);
    if (state.busy) this.faults.push('a sink was entered while it was at work');
    if (!registration.active) this.faults.push('an ended registration got a delivery');
    if (delivery.kind === 'gap' && state.lastSeq > 0) this.faults.push('a gap came late');
    if (delivery.kind !== 'gap') {
      this.#meet(delivery.message, 'delivered');
      if (delivery.seq <= state.lastSeq) this.faults.push(`${delivery.seq} is out of order`);
      state.lastSeq = delivery.seq;
    }
    state.busy = true;
    this.#moveInside();
    state.busy = false;
  }

  #moveInside(): void {
    if (this.#isInside.next().value !== true) return;
    const move = this.#moves.pop();
    if (move !== undefined) this.#play.play(move);
  }

  #meet(word: string, fate: string): void {
    this.#fates.set(word, [...(this.#fates.get(word) ?? []), fate]);
  }

  #judge(): void {
    const { rig } = this.#play;
    const { received, servedEarly, hookFailures, parked, dropped, ignoredReplies } =
      rig.router.stats;
    const known = [...this.#fates.values()];
    for (const fates of known) if (fates.length !== 1) this.faults.push(`fates: ${fates}`);
    if (known.length + servedEarly !== received) this.faults.push('an item has no fate');
    if (parked > 0) this.faults.push(`${parked} are parked without a guard`);
    if (hookFailures + dropped.sinkFailed + ignoredReplies > 0) this.faults.push('a hook failed');
    for (const [word, replies] of rig.replies) {
      const [fate = ''] = this.#fates.get(word) ?? [];
      if (replies.length !== 1) this.faults.push(`${word} has ${replies.length} answers`);
      if (fate === 'delivered' || fate === 'disconnected') {
        this.faults.push(`${word} was ${fate} and answered`);
      }
    }
    const answered = [...this.#play.requests].filter((word) => this.#mustBeAnswered(word));
    for (const word of answered) {
      if (!rig.replies.has(word)) this.faults.push(`${word} has no answer`);
    }
  }

  #mustBeAnswered(word: string): boolean {
    const [fate] = this.#fates.get(word) ?? [];
    return fate !== undefined && fate !== 'delivered' && fate !== 'disconnected';
  }
}
