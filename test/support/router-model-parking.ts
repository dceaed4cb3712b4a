import type { RouterLimits } from '../../src/routing/router-limits.ts';
import type { ModelGuard } from './router-model-guards.ts';

/** An item that was routed. */
export interface ModelItem {
  readonly id: string;
  readonly seq: number;
  readonly isRequest: boolean;
  readonly bytes: number;
}

/** An item that waits in the model. */
export interface ModelWaiting extends ModelItem {
  readonly dueAt: number;
  declinedBy: ModelGuard | null;
}

/** The items that wait for unregistered ids, within limits, in the order in which they came. */
export class ModelParking {
  waiting: ModelWaiting[] = [];
  ids: string[] = [];
  readonly lostSeqs = new Map<string, number[]>();
  readonly #limits: RouterLimits;
  readonly #evicted: (seq: number) => void;

  /** @param evicted Called for each request that is evicted. */
  constructor(limits: RouterLimits, evicted: (seq: number) => void) {
    this.#limits = limits;
    this.#evicted = evicted;
  }

  get bytes(): number {
    return this.waiting.reduce((sum, one) => sum + one.bytes, 0);
  }

  park(item: ModelWaiting): void {
    const { maxItemsPerId, maxParkedBytes, maxPendingIds } = this.#limits;
    if (item.bytes > maxParkedBytes) return this.#evict(item);
    if (!this.ids.includes(item.id)) {
      this.ids.push(item.id);
      if (this.ids.length > maxPendingIds) this.#forgetOldest(this.ids.shift()!);
    }
    const mates = this.waiting.filter(({ id }) => id === item.id);
    if (mates.length === maxItemsPerId) {
      for (const one of this.drop(({ seq }) => seq === mates[0]!.seq)) this.#evict(one);
    }
    while (this.bytes + item.bytes > maxParkedBytes) this.#evict(this.waiting.shift()!);
    this.waiting.push(item);
  }

  take(id: string): readonly ModelWaiting[] {
    this.lostSeqs.delete(id);
    this.ids = this.ids.filter((one) => one !== id);
    return this.drop((one) => one.id === id);
  }

  drop(which: (item: ModelWaiting) => boolean): readonly ModelWaiting[] {
    const out = this.waiting.filter(which);
    this.waiting = this.waiting.filter((one) => !which(one));
    return out;
  }

  #forgetOldest(id: string): void {
    for (const one of this.drop((item) => item.id === id)) this.#evict(one);
    const seqs = this.lostSeqs.get(id);
    if (seqs !== undefined) this.#lose(id, seqs);
  }

  /** Losses of ids that nothing waits for are forgotten in time. */
  #lose(id: string, seqs: number[]): void {
    this.lostSeqs.delete(id);
    this.lostSeqs.set(id, seqs);
    const idle = [...this.lostSeqs.keys()].filter((one) => !this.ids.includes(one));
    if (idle.length > this.#limits.maxTombstones) this.lostSeqs.delete(idle[0]!);
  }

  #evict({ id, seq, isRequest }: ModelItem): void {
    if (isRequest) this.#evicted(seq);
    else this.#lose(id, [...(this.lostSeqs.get(id) ?? []), seq]);
  }
}
