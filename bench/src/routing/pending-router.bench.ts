import { Bench } from 'tinybench';
import { PendingRouter } from '../../../src/routing/pending-router.ts';
import type { Item } from '../../../src/routing/routed-items.ts';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  timedSync,
} from '../../support/measurement.ts';

interface Words {
  readonly event: string;
  readonly request: string;
  readonly result: string;
}

const MESSAGES_PER_SAMPLE = 10_000;
const BACKLOG = 128;
const BACKLOGS_PER_SAMPLE = 20;
const EVENT: Item<Words> = { kind: 'event', message: 'text', bytes: 100 };
const REQUEST: Item<Words> = { kind: 'request', message: 'ask', bytes: 100, reply: () => {} };

/** How long does a message take that is delivered at once, and how long do 128 messages that wait? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  return [
    ...(await measured(straightThrough(pace), 'µs')),
    ...(await measured(parkedAndFlushed(pace), 'µs')),
  ];
}

function straightThrough(pace: Pace): Bench {
  const bench = new Bench(
    benchOptions('one message to a live id', pace, { samples: 50, timeMs: 500, warmups: 10 }),
  );
  const add = (name: string, item: Item<Words>, ids: number) => {
    const router = new PendingRouter<Words>();
    const names = Array.from({ length: ids }, (_, n) => `session-${n}`);
    const delivered = new Counter();
    for (const id of names) router.register(id, delivered.sink);
    bench.add(name, () => {
      delivered.count = 0;
      let next = 0;
      const time = timedSync(() => {
        router.route(names[next]!, item);
        next = next + 1 === ids ? 0 : next + 1;
      }, MESSAGES_PER_SAMPLE);
      check('Delivered', delivered.count, MESSAGES_PER_SAMPLE);
      return time;
    });
  };
  add('an event, one id', EVENT, 1);
  add('an event, 1,000 ids in turn', EVENT, 1_000);
  add('a request, one id', REQUEST, 1);
  addNested(bench);
  return bench;
}

/** The router of a session, which passes items on to the router of its cells. */
function addNested(bench: Bench): void {
  const sessions = new PendingRouter<Words>();
  const cells = new PendingRouter<Words>({ sessionId: 'session' });
  const delivered = new Counter();
  cells.register('1', delivered.sink);
  sessions.register('session', (delivery) => {
    if (delivery.kind !== 'gap') cells.route('1', delivery);
  });
  bench.add('a request, to a cell of a session', () => {
    delivered.count = 0;
    const time = timedSync(() => void sessions.route('session', REQUEST), MESSAGES_PER_SAMPLE);
    check('Delivered', delivered.count, MESSAGES_PER_SAMPLE);
    return time;
  });
}

function parkedAndFlushed(pace: Pace): Bench {
  const bench = new Bench(
    benchOptions(`${BACKLOG} messages parked and flushed`, pace, {
      samples: 50,
      timeMs: 500,
      warmups: 10,
    }),
  );
  const add = (name: string, items: readonly Item<Words>[]) => {
    const router = new PendingRouter<Words>();
    let ids = 0;
    bench.add(name, () => {
      const delivered = new Counter();
      const time = timedSync(() => {
        using guard = router.open();
        ids += 1;
        const id = `session-${ids}`;
        for (let n = 0; n < BACKLOG; n += 1) router.route(id, items[n % items.length]!);
        guard.claim(id, delivered.sink).release();
      }, BACKLOGS_PER_SAMPLE);
      check('Delivered', delivered.count, BACKLOG * BACKLOGS_PER_SAMPLE);
      check('Parked', router.stats.parked, 0);
      return time;
    });
  };
  add('events', [EVENT]);
  add('events and requests in turn', [EVENT, REQUEST]);
  add('requests', [REQUEST]);
  return bench;
}

/** Counts its items. */
class Counter {
  count = 0;
  readonly sink = (): void => {
    this.count += 1;
  };
}
