import assert from 'node:assert/strict';
import type { RouteError } from '../../src/routing/route-errors.ts';
import type { Delivery, Registration, Sink } from '../../src/routing/routed-items.ts';
import type { Guard } from '../../src/routing/router-types.ts';
import { type Move, serves } from './router-moves.ts';
import { lineOf, WordRouter, type Words } from './word-router.ts';

/** Limits that are reached soon. */
export const SMALL_LIMITS = {
  maxItemsPerId: 3,
  maxPendingIds: 2,
  maxParkedBytes: 12,
  maxTombstones: 3,
  parkMs: 1_000,
};

/** Plays moves on a router and records what can be seen from outside, in the words of the model. */
export class RouterPlay {
  seen: string[] = [];
  /** Called inside each delivery. */
  onDelivery: (delivery: Delivery<Words>, registration: Registration<Words>) => void = () => {};
  /** Called inside each offer of early service. */
  onOffer: (seq: number) => void = () => {};
  readonly rig = new WordRouter(SMALL_LIMITS);
  readonly #tick: (ms: number) => void;
  readonly #guards = new Map<number, Guard<Words>>();
  readonly #registrations: Registration<Words>[] = [];
  readonly #controllers = new Map<number, AbortController>();
  #sinks = 0;
  #items = 0;

  constructor(tick: (ms: number) => void) {
    this.#tick = tick;
    this.rig.onReply = (word) => {
      const [reply] = this.rig.replies.get(word) ?? [];
      const kind = (reply as { error: RouteError }).error.data.kind;
      this.seen.push(`answered ${word} ${kind}`);
    };
    this.rig.onDrop = ({ cause, item: one }) => {
      if (cause !== 'disconnected' || one.kind !== 'request') return;
      assert.equal(one.signal?.aborted, true);
      this.seen.push(`answered ${one.seq} disconnected`);
    };
  }

  /** The words of all requests that were routed. */
  get requests(): readonly string[] {
    return [...this.#controllers.keys()].map(String);
  }

  play(move: Move): void {
    this.seen = [];
    this.seen.unshift(`= ${this.#play(move)}`);
  }

  /** The figures that `RouterModel.figures` has. */
  get figures(): string {
    const { parked, parkedBytes, pendingIds, liveIds, closedIds, guards } = this.rig.router.stats;
    return [parked, parkedBytes, pendingIds, liveIds, closedIds, guards].join();
  }

  #play(move: Move): string {
    const { router } = this.rig;
    switch (move.type) {
      case 'open':
        return this.#open(move);
      case 'release':
        this.#guards.get(move.slot)?.release();
        return 'none';
      case 'claim': {
        const guard = this.#guards.get(move.slot);
        return guard === undefined ? 'none' : this.#register((sink) => guard.claim(move.id, sink));
      }
      case 'give-up':
        return String(this.#guards.get(move.slot)?.discard(move.id) ?? false);
      case 'register':
        return this.#register((sink) => router.register(move.id, sink));
      case 'discard':
        router.discard(move.id);
        return 'none';
      case 'let-go':
        return String(this.#registrations.at(-1 - move.which)?.release() ?? false);
      case 'swap':
        return this.#swap(this.#registrations.at(-1 - move.which));
      case 'cancel':
        this.#controllers.get(this.#items - move.which)?.abort();
        return 'none';
      case 'event':
      case 'request':
        return this.#route(move);
      case 'pass':
        this.#tick(move.ms);
        return 'none';
      case 'close':
        router.close(new Error('gone'));
        return 'none';
    }
  }

  #open({ slot, early, parkMs }: Extract<Move, { type: 'open' }>): string {
    try {
      const serve = ({ seq }: { readonly seq: number }) => {
        this.onOffer(seq);
        const isServed = serves(early, seq);
        if (isServed) this.seen.push(`served ${slot} ${seq}`);
        return isServed;
      };
      const hooks = {
        ...(early === 'none' ? {} : { early: serve }),
        ...(early === 'odd' ? { earlyEvent: serve } : {}),
      };
      const guard = this.rig.router.open({ token: `t${slot}`, ...hooks, parkMs });
      this.#guards.set(slot, guard);
      return 'opened';
    } catch {
      return 'throws';
    }
  }

  #register(register: (sink: Sink<Words>) => Registration<Words>): string {
    const sinks = this.#sinks;
    try {
      this.#registrations.push(register(this.#newSink()));
      return 'registered';
    } catch {
      this.#sinks = sinks;
      return 'throws';
    }
  }

  #swap(registration: Registration<Words> | undefined): string {
    if (registration?.active !== true)
      return String(registration?.swap(() => assert.fail()) ?? false);
    return String(registration.swap(this.#newSink()));
  }

  #newSink(): Sink<Words> {
    const name = this.#sinks;
    this.#sinks += 1;
    return (delivery, registration) => {
      this.seen.push(`delivered ${name} ${lineOf(delivery)}`);
      this.onDelivery(delivery, registration);
    };
  }

  #route({ type, id, bytes, token }: Extract<Move, { type: 'event' | 'request' }>): string {
    this.#items += 1;
    const word = String(this.#items);
    if (type === 'event') return this.rig.event(id, word, { bytes, token });
    const controller = new AbortController();
    this.#controllers.set(this.#items, controller);
    return this.rig.request(id, word, { bytes, token, controller });
  }
}
