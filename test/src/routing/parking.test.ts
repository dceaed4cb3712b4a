import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Heard } from '../../../src/routing/open-guards.ts';
import { Parked } from '../../../src/routing/parked.ts';
import { Parking } from '../../../src/routing/parking.ts';
import { type RoutedItem, RoutedRequest, type Traffic } from '../../../src/routing/routed-items.ts';
import { DEFAULT_ROUTER_LIMITS, type RouterLimits } from '../../../src/routing/router-limits.ts';
import { countKept } from '../../support/leaks.ts';

function setup(limits: Partial<RouterLimits> = {}) {
  const parking = new Parking<Traffic>({ ...DEFAULT_ROUTER_LIMITS, ...limits }, () => {});
  let seq = 0;
  const park = (id: string, kind: 'event' | 'request') => {
    seq += 1;
    const parked = new Parked<Traffic>(id, itemOf(kind, seq), Number.POSITIVE_INFINITY);
    const heard: Heard = { firstSeq: seq, isVague: false, isDoubtful: false };
    return { parked, evicted: parking.park(parked, heard) };
  };
  return { parking, park };
}

function itemOf(kind: 'event' | 'request', seq: number): RoutedItem<Traffic> {
  if (kind === 'event') return { kind, message: seq, bytes: 1, seq };
  const gate = { open: true, ignored: 0 };
  return new RoutedRequest(seq, { kind, message: seq, bytes: 1, reply: () => {} }, gate);
}

/** In bytes. */
async function heapAfterCollection(): Promise<number> {
  await countKept([]);
  return process.memoryUsage().heapUsed;
}

const asked = (parking: Parking<Traffic>) => Array.from(parking.asked(), ({ id }) => id);

describe('Parking', () => {
  it('lists the ids with requests, until the requests are taken out', () => {
    const { parking, park } = setup();
    park('a', 'event');
    park('b', 'request');
    const { parked } = park('c', 'request');
    assert.deepEqual(asked(parking), ['b', 'c']);
    parking.remove(parked);
    assert.deepEqual(asked(parking), ['b']);
  });

  it('does not count lifted requests, whether they come back or not', () => {
    const { parking, park } = setup();
    park('a', 'event');
    park('a', 'request');
    assert.equal(parking.lift('a').length, 2);
    assert.deepEqual(asked(parking), []);
    park('a', 'event');
    assert.deepEqual(asked(parking), []);
    const { parked } = park('a', 'request');
    assert.deepEqual(asked(parking), ['a']);
    parking.remove(parked);
    assert.deepEqual(asked(parking), []);
  });

  it('keeps nothing of displaced ids', async () => {
    const { parking, park } = setup({ maxPendingIds: 2, maxTombstones: 2 });
    const displace = (count: number) => {
      for (let n = 0; n < count; n += 1) park(`id ${n}`, 'event');
    };
    displace(1_000);
    const before = await heapAfterCollection();
    displace(50_000);
    const grown = (await heapAfterCollection()) - before;
    assert.equal(parking.ids, 2);
    assert.equal(parking.items, 2);
    assert.ok(grown < 4 << 20, `${grown} bytes more`);
  });
});
