import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RoutedRequest } from '../../../src/routing/routed-items.ts';
import type { Guard } from '../../../src/routing/router-types.ts';
import { assertNoListeners } from '../../support/leaks.ts';
import { Reader, WordRouter, type Words } from '../../support/word-router.ts';

/** A creation that serves every request early, and writes down which. */
interface Creation {
  readonly guard: Guard<Words>;
  readonly served: string[];
}

/** Opens a guard; its token is its name. */
function creation(
  rig: WordRouter,
  name: string,
  onServe: (request: RoutedRequest<Words>) => boolean = () => true,
): Creation {
  const served: string[] = [];
  const early = (request: RoutedRequest<Words>, id: string) => {
    const isTaken = onServe(request);
    if (isTaken) served.push(`${id} ?${request.message}`);
    return isTaken;
  };
  return { guard: rig.router.open({ token: name, early, parkMs: 1_000 }), served };
}

describe('PendingRouter, with requests for an unclaimed id', () => {
  it('C12 offers parked items, in order, when one guard is left that their id can belong to', () => {
    const rig = new WordRouter();
    const [a, b] = [creation(rig, 'A'), creation(rig, 'B')];
    assert.deepEqual(rig.send('b', '?one', 'event', '?two'), Array(3).fill('buffered'));
    a.guard.claim('a', new Reader().sink);
    assert.deepEqual([a.served, b.served], [[], ['b ?one', 'b ?two']]);
    assert.equal(rig.router.stats.servedEarly, 2);
    a.guard.release();
    assert.deepEqual(rig.send('b', '?three'), ['served-early']);
    const reader = new Reader();
    b.guard.claim('b', reader.sink);
    assert.deepEqual(reader.log, ['event']);
    rig.assertNothingLost();
  });

  it('C12 offers parked items when the other guard gives up its id', () => {
    const rig = new WordRouter();
    const [a, b] = [creation(rig, 'A'), creation(rig, 'B')];
    rig.send('b', '?one');
    a.guard.discard('a');
    assert.deepEqual(b.served, ['b ?one']);
  });

  it('C12 offers parked items to the guard whose token comes, before the item that brought it', () => {
    const rig = new WordRouter();
    const [a, b] = [creation(rig, 'A'), creation(rig, 'B')];
    rig.send('b', '?one', 'event', '?two');
    assert.equal(rig.request('b', 'three', { token: 'B' }), 'served-early');
    assert.deepEqual([a.served, b.served], [[], ['b ?one', 'b ?two', 'b ?three']]);
    const reader = new Reader();
    b.guard.claim('b', reader.sink);
    assert.deepEqual(reader.log, ['event']);
    rig.assertNothingLost();
  });

  it('C12 offers parked items to the guard whose token comes with an event', () => {
    const rig = new WordRouter();
    const [, b] = [creation(rig, 'A'), creation(rig, 'B')];
    rig.send('b', '?one');
    rig.event('b', 'event', { token: 'B' });
    assert.deepEqual(b.served, ['b ?one']);
  });

  it('C12 offers parked items when a token comes with a cancelled request', () => {
    const rig = new WordRouter();
    const [, b] = [creation(rig, 'A'), creation(rig, 'B')];
    rig.send('b', '?one');
    const controller = new AbortController();
    controller.abort();
    rig.request('b', 'two', { token: 'B', controller });
    assert.equal(rig.kindOf('two'), 'cancelled');
    assert.deepEqual(b.served, ['b ?one']);
    rig.assertNothingLost();
  });

  it('C12 assigns an id without a token to no guard if the peer has sent a token', () => {
    for (const order of ['the token first', 'the token last']) {
      const rig = new WordRouter();
      const [a, b] = [creation(rig, 'A'), creation(rig, 'B')];
      if (order === 'the token first') rig.event('a', 'mine', { token: 'A' });
      assert.deepEqual(rig.send('third', '?one'), ['buffered']);
      if (order === 'the token last') rig.event('a', 'mine', { token: 'A' });
      a.guard.claim('a', new Reader().sink);
      a.guard.release();
      assert.deepEqual([a.served, b.served], [[], []], order);
      assert.deepEqual(rig.send('third', '?two'), ['buffered']);
      const reader = new Reader();
      b.guard.claim('third', reader.sink);
      assert.deepEqual(reader.log, ['?one', '?two'], 'it was the id of B after all');
    }
  });

  it('C12 serves a lone guard without a token, whatever the peer has sent before', () => {
    const rig = new WordRouter();
    const a = creation(rig, 'A');
    rig.event('a', 'mine', { token: 'A' });
    a.guard.claim('a', new Reader().sink);
    const b = creation(rig, 'B');
    assert.deepEqual(rig.send('b', '?one'), ['served-early']);
    assert.deepEqual(b.served, ['b ?one']);
  });

  it('C12 never offers an id to a guard that was opened after the id was heard of', () => {
    const rig = new WordRouter();
    const a = creation(rig, 'A', ({ message }) => message !== 'declined');
    rig.send('a', '?declined');
    const b = creation(rig, 'B');
    assert.deepEqual(rig.send('a', '?two'), ['served-early'], 'it can be A’s only');
    a.guard.claim('another', new Reader().sink);
    assert.deepEqual(rig.send('a', '?three'), ['buffered']);
    assert.deepEqual([a.served, b.served], [['a ?two'], []]);
  });

  it('C12 keeps serving the id of a lone guard when another guard is opened', () => {
    const rig = new WordRouter();
    const a = creation(rig, 'A');
    rig.send('a', '?one');
    const b = creation(rig, 'B');
    assert.deepEqual(rig.send('a', '?two'), ['served-early']);
    assert.deepEqual(rig.send('b', '?three'), ['buffered']);
    assert.deepEqual([a.served, b.served], [['a ?one', 'a ?two'], []]);
  });

  it('C12 offers one id to a guard, not two', () => {
    const rig = new WordRouter();
    const { served } = creation(rig, 'A');
    assert.deepEqual(rig.send('a', '?one'), ['served-early']);
    assert.deepEqual(rig.send('b', '?two'), ['buffered']);
    assert.deepEqual(rig.send('a', '?three'), ['served-early']);
    assert.deepEqual(served, ['a ?one', 'a ?three']);
  });

  it('C12 does not guess between two ids that are left for one guard', () => {
    const rig = new WordRouter();
    const [a, b] = [creation(rig, 'A'), creation(rig, 'B')];
    rig.send('x', '?one');
    rig.send('y', '?two');
    a.guard.claim('z', new Reader().sink);
    assert.deepEqual(rig.send('x', '?three'), ['buffered']);
    assert.deepEqual([a.served, b.served], [[], []]);
    assert.equal(rig.request('y', 'four', { token: 'B' }), 'served-early');
    assert.deepEqual(b.served, ['y ?two', 'y ?four']);
  });

  it('C12 assigns a second id of a token, and an id with another token, to no guard', () => {
    const rig = new WordRouter();
    const a = creation(rig, 'A');
    assert.deepEqual(rig.send('a', '?one'), ['served-early']);
    const b = creation(rig, 'B');
    rig.event('b', 'mine', { token: 'B' });
    assert.equal(rig.request('c', 'two', { token: 'B' }), 'buffered');
    assert.equal(rig.request('a', 'three', { token: 'B' }), 'buffered');
    b.guard.claim('b', new Reader().sink);
    assert.deepEqual(
      [...rig.send('c', '?four'), ...rig.send('a', '?five')],
      Array(2).fill('buffered'),
    );
    assert.deepEqual([a.served, b.served], [['a ?one'], []]);
  });

  it('C12 keeps requests of a possibly failed creation until the peer mentions the id again', () => {
    const rig = new WordRouter();
    const [a, b] = [creation(rig, 'A'), creation(rig, 'B')];
    rig.send('s', '?one', 'event');
    a.guard.release('refused');
    assert.deepEqual(b.served, []);
    assert.deepEqual(rig.send('s', '?two'), ['served-early']);
    assert.deepEqual([a.served, b.served], [[], ['s ?one', 's ?two']]);
    rig.assertNothingLost();
  });

  it('C12 offers a request to a guard once', () => {
    const rig = new WordRouter();
    const a = creation(rig, 'A');
    const asked: string[] = [];
    const b = creation(rig, 'B', ({ message }) => asked.push(message) < 0);
    const controller = new AbortController();
    rig.request('b', 'one', { controller });
    a.guard.claim('a', new Reader().sink);
    for (let n = 0; n < 3; n += 1) creation(rig, `C${n}`).guard.release();
    rig.request('b', 'two', { token: 'B' });
    assert.deepEqual(asked, ['one', 'two']);
    const reader = new Reader();
    b.guard.claim('b', reader.sink);
    assert.deepEqual(reader.log, ['?one', '?two']);
    assertNoListeners(controller.signal);
  });

  it('C11 counts the time of a request that is offered again from its arrival', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const rig = new WordRouter();
    const [a] = [creation(rig, 'A'), creation(rig, 'B', () => false)];
    rig.send('b', '?one');
    t.mock.timers.tick(600);
    a.guard.claim('a', new Reader().sink);
    t.mock.timers.tick(399);
    assert.equal(rig.replies.size, 0);
    t.mock.timers.tick(1);
    assert.equal(rig.kindOf('one'), 'parkTimeout');
    rig.assertNothingLost();
  });

  it('C10 and C11 answer a request once that must leave while it is offered again', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    for (const isServed of [true, false]) {
      const rig = new WordRouter();
      const controller = new AbortController();
      const a = creation(rig, 'A');
      creation(rig, 'B', ({ message }) => {
        if (message === 'one') controller.abort();
        else t.mock.timers.tick(1_000);
        return isServed;
      });
      rig.request('b', 'one', { controller });
      rig.send('b', '?two');
      a.guard.claim('a', new Reader().sink);
      const kinds = isServed ? [] : [rig.kindOf('one'), rig.kindOf('two')];
      assert.deepEqual(kinds, isServed ? [] : ['cancelled', 'parkTimeout']);
      assert.deepEqual([rig.replies.size, rig.router.stats.parked], [isServed ? 0 : 2, 0]);
      rig.assertNothingLost();
    }
  });

  it('C12 keeps the order if the id is claimed and more items come during a second offer', () => {
    const rig = new WordRouter();
    const reader = new Reader();
    const a = creation(rig, 'A');
    const b = creation(rig, 'B', () => {
      rig.send('b', 'late');
      b.guard.claim('b', reader.sink);
      return false;
    });
    rig.send('b', 'event', '?one', '?two');
    a.guard.claim('a', new Reader().sink);
    assert.deepEqual(reader.log, ['event', '?one', '?two', 'late']);
    assert.deepEqual(reader.seqs, [1, 2, 3, 4]);
    rig.assertNothingLost();
  });

  it('C6 answers a request that is offered again while the last guard ends', () => {
    const rig = new WordRouter();
    const a = creation(rig, 'A');
    const b = creation(rig, 'B', () => {
      a.guard.release();
      b.guard.release();
      return false;
    });
    rig.send('b', 'event', '?one', '?two');
    a.guard.claim('a', new Reader().sink);
    assert.deepEqual([rig.kindOf('one'), rig.kindOf('two')], ['pendingEnded', 'pendingEnded']);
    rig.assertNothingLost();
  });

  it('C12 offers the rest to a third guard when an offer makes the second claim', () => {
    const rig = new WordRouter();
    const a = creation(rig, 'A');
    const b = creation(rig, 'B', () => b.guard.claim('b', new Reader().sink).active);
    rig.send('b', '?of B');
    const c = creation(rig, 'C');
    rig.send('c', '?of C');
    a.guard.claim('a', new Reader().sink);
    assert.deepEqual([a.served, b.served, c.served], [[], ['b ?of B'], ['c ?of C']]);
    rig.assertNothingLost();
  });
});
