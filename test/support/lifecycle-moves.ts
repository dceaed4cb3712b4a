import fc from 'fast-check';

/** A move of a client. Sessions and cells are numbered in the order in which it opened and started them. */
export type LifeMove =
  | { readonly type: 'open' | 'shutdown'; readonly session: number }
  | {
      readonly type: 'execute';
      readonly session: number;
      readonly source: string;
      readonly yieldMs: number;
    }
  | { readonly type: 'wait' | 'terminate'; readonly session: number; readonly cell: number }
  /** Lets the last request be answered first. */
  | { readonly type: 'settle' }
  | { readonly type: 'turns'; readonly count: number }
  | { readonly type: 'stop reading' | 'read on' | 'answer no calls' | 'stop the host' };

/** How a client leaves: after shutting down its sessions, half closed, or at once. */
export type Departure = 'in good order' | 'half closed' | 'gone' | 'gone without reading';

/** Everything that one client does. */
export interface Life {
  readonly version: number;
  readonly moves: readonly LifeMove[];
  readonly departure: Departure;
  /** It leaves early when it has written this many bytes. */
  readonly leavesAfterBytes: number;
}

const SOURCES = [
  '',
  `text('one')`,
  `text('one'); yield_control(); text('two')`,
  `text('begun'); await new Promise((go) => setTimeout(go, 1e9))`,
  `yield_control(); await new Promise((go) => setTimeout(go, 1e9))`,
  `text(await tools.t({}))`,
  `notify('note'); await tools.t({})`,
  `void tools.t({}); void tools.t({}); text('x'.repeat(300_000))`,
  `throw new Error('thrown')`,
  `store('key', 'value'); await new Promise((resolve) => setTimeout(resolve, 5))`,
];
/** Enough for every message of a life. */
const MAX_BYTES = 20_000;

const session = fc.nat(1);
const cell = fc.nat(2);
const move: fc.Arbitrary<LifeMove> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('execute' as const),
      session,
      source: fc.constantFrom(...SOURCES),
      yieldMs: fc.constantFrom(0, 1, 20, 60_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constantFrom('wait', 'terminate'), session, cell }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('open' as const), session }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('shutdown' as const), session }) },
  { weight: 3, arbitrary: fc.constant({ type: 'settle' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('turns' as const),
      count: fc.integer({ min: 1, max: 30 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom('stop reading', 'read on', 'answer no calls', 'stop the host'),
    }),
  },
);

const life: fc.Arbitrary<Life> = fc.record({
  version: fc.constantFrom(1, 1, 1, 1, 1, 1, 7),
  moves: fc.array(move, { maxLength: 12 }).map((moves) => [{ type: 'open', session: 0 }, ...moves]),
  departure: fc.constantFrom(
    'in good order',
    'in good order',
    'half closed',
    'gone',
    'gone without reading',
  ),
  leavesAfterBytes: fc.oneof(
    { weight: 2, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: MAX_BYTES }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 300 }) },
  ),
});

/** Lives of concurrent clients. */
export const lives: fc.Arbitrary<readonly Life[]> = fc.array(life, { minLength: 1, maxLength: 5 });
