import fc from 'fast-check';
import type { Guard } from '../../src/routing/router-types.ts';
import { Reader, WordRouter, type Words } from './word-router.ts';

/** A move of a peer. `which` counts the pending creations. */
export type PeerMove =
  | { readonly type: 'create' }
  | { readonly type: 'ask' | 'tell'; readonly which: number; readonly says: boolean }
  | { readonly type: 'succeed' | 'fail'; readonly which: number }
  | { readonly type: 'stranger' };

/** Whether a peer sends tokens with its items. */
export type Manners = 'never' | 'always' | 'sometimes';

const WHICH = fc.nat({ max: 3 });
const SAYS = fc.boolean();

export const PEER_MOVES: fc.Arbitrary<PeerMove[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constant('create' as const) }) },
    {
      weight: 8,
      arbitrary: fc.record({
        type: fc.constantFrom('ask', 'ask', 'tell'),
        which: WHICH,
        says: SAYS,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constantFrom('succeed', 'succeed', 'fail'), which: WHICH }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('stranger' as const) }) },
  ),
  { minLength: 5, maxLength: 40, size: 'max' },
);

/** A creation, and the truth about it, whatever the router believes. */
interface Creation {
  readonly id: string;
  readonly token: string;
  readonly guard: Guard<Words>;
  readonly reader: Reader;
  /** What was sent to it, in order, and what arrived. */
  readonly sent: string[];
  readonly arrived: string[];
  /** Creations that were pending when its id was first heard of. */
  rivals: readonly Creation[] | null;
  state: 'under way' | 'made' | 'failed';
}

/** A peer that knows the owner of every item, and mentions no creation before its request or after its failure. */
export class TruthfulPeer {
  readonly rig = new WordRouter();
  /** Items that went to the wrong creation. */
  readonly astray: string[] = [];
  readonly creations: Creation[] = [];
  readonly #manners: Manners;
  #count = 0;
  #hasSaid = false;

  constructor(manners: Manners) {
    this.#manners = manners;
  }

  play(move: PeerMove): void {
    switch (move.type) {
      case 'create':
        return this.#create();
      case 'ask':
      case 'tell':
        return this.#send(this.#at(move.which), move.type === 'ask' ? '?' : '', move.says);
      case 'succeed':
      case 'fail':
        return this.end(this.#at(move.which), move.type === 'succeed' ? 'made' : 'failed');
      case 'stranger':
        return this.#stranger();
    }
  }

  get underWay(): readonly Creation[] {
    return this.creations.filter(({ state }) => state === 'under way');
  }

  end(creation: Creation | undefined, state: 'made' | 'failed'): void {
    if (creation === undefined) return;
    creation.state = state;
    if (state === 'made') creation.guard.claim(creation.id, creation.reader.sink);
    creation.guard.release();
  }

  /** Requests that must have been served: only one creation is left that they can belong to. */
  get owed(): readonly string[] {
    if (this.#manners !== 'never') return [];
    const owing = this.underWay.filter(({ rivals }) =>
      rivals?.every(({ state }) => state === 'made'),
    );
    return owing.flatMap(({ sent, arrived }) =>
      sent.filter((word) => word.startsWith('?') && !arrived.includes(word)),
    );
  }

  #at(which: number): Creation | undefined {
    return this.underWay[which % Math.max(1, this.underWay.length)];
  }

  #create(): void {
    if (this.underWay.length === 4) return;
    const n = this.creations.length;
    const reader = new Reader();
    const arrived: string[] = [];
    const id = `s${n}`;
    reader.onLine = (line) => arrived.push(line);
    const take = (word: string, of: string) => {
      if (of !== id) this.astray.push(`${word} of ${of} to ${id}`);
      return arrived.push(word) > 0;
    };
    const token = `t${n}`;
    const guard = this.rig.router.open({
      token,
      early: ({ message }, of) => take(`?${message}`, of),
      ...(n % 2 === 0 ? {} : { earlyEvent: ({ message }, of) => take(message, of) }),
    });
    const state = 'under way' as const;
    this.creations.push({ id, token, guard, reader, sent: [], arrived, rivals: null, state });
  }

  #send(creation: Creation | undefined, mark: '?' | '', says: boolean): void {
    if (creation === undefined) return;
    this.#count += 1;
    creation.rivals ??= this.underWay.filter((other) => other !== creation);
    creation.sent.push(`${mark}${this.#count}`);
    const isSaid = this.#manners === 'always' || (this.#manners === 'sometimes' && says);
    this.#hasSaid ||= isSaid;
    const posting = isSaid ? { token: creation.token } : {};
    if (mark === '?') this.rig.request(creation.id, `${this.#count}`, posting);
    else this.rig.event(creation.id, `${this.#count}`, posting);
  }

  /** An item of no creation, if that can be distinguished. */
  #stranger(): void {
    if (!this.#hasSaid || this.#manners !== 'always' || this.underWay.length < 2) return;
    this.#count += 1;
    this.rig.request('stranger', `${this.#count}`);
  }
}
