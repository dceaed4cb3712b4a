import fc from 'fast-check';

/** A move on a router. `which` counts from the latest. */
export type Move =
  | { readonly type: 'open'; readonly slot: number; readonly early: Early; readonly parkMs: number }
  | { readonly type: 'release' | 'claim' | 'give-up'; readonly slot: number; readonly id: string }
  | { readonly type: 'register' | 'discard'; readonly id: string }
  | { readonly type: 'let-go' | 'swap' | 'cancel'; readonly which: number }
  | {
      readonly type: 'event' | 'request';
      readonly id: string;
      readonly bytes: number;
      readonly token: string | undefined;
    }
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'close' };

/** Which items a guard serves early; `odd` takes events too. */
export type Early = 'none' | 'all' | 'odd';

/** Whether a guard of this kind serves a request early. */
export function serves(early: Early, seq: number): boolean {
  return early === 'all' || (early === 'odd' && seq % 2 === 1);
}

const ID = fc.constantFrom('a', 'b', 'c', 'd');
const SLOT = fc.nat({ max: 2 });
const TOKEN = fc.constantFrom(undefined, undefined, undefined, undefined, 't0', 't1', 't2');

const item = <const K extends 'event' | 'request'>(type: K) =>
  fc.record({ type: fc.constant(type), id: ID, bytes: fc.nat({ max: 13 }), token: TOKEN });

const one = <const K extends readonly string[]>(...types: K) =>
  fc.constantFrom<K[number]>(...types);

const MOVE: fc.Arbitrary<Move> = fc.oneof(
  { weight: 130, arbitrary: item('event') },
  { weight: 150, arbitrary: item('request') },
  {
    weight: 50,
    arbitrary: fc.record({
      type: one('open'),
      slot: SLOT,
      early: one('none', 'none', 'all', 'odd'),
      parkMs: fc.constantFrom(10, 20),
    }),
  },
  {
    weight: 50,
    arbitrary: fc.record({ type: one('release', 'claim', 'claim', 'give-up'), slot: SLOT, id: ID }),
  },
  {
    weight: 25,
    arbitrary: fc.record({ type: one('register', 'register', 'register', 'discard'), id: ID }),
  },
  {
    weight: 30,
    arbitrary: fc.record({ type: one('let-go', 'swap', 'swap'), which: fc.nat({ max: 2 }) }),
  },
  { weight: 30, arbitrary: fc.record({ type: one('cancel'), which: fc.nat({ max: 5 }) }) },
  { weight: 20, arbitrary: fc.record({ type: one('pass'), ms: fc.constantFrom(5, 10) }) },
  { weight: 2, arbitrary: fc.record({ type: one('close') }) },
);

/** Histories of a router, some of them long. */
export const MOVES = fc.array(MOVE, { minLength: 5, maxLength: 60, size: 'max' });
