import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Reader, WordRouter, words } from '../../support/word-router.ts';

describe('Registration.suspend', () => {
  it('lets what comes wait until the guard claims its id again', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    const [first, second] = [new Reader(), new Reader()];
    const registration = guard.claim('s', first.sink);
    rig.send('s', 'a');
    assert.equal(registration.suspend(), true);
    assert.equal(registration.active, false);
    assert.deepEqual(rig.send('s', 'b', '?c'), ['buffered', 'buffered']);
    guard.claim('s', second.sink);
    rig.send('s', 'd');
    assert.deepEqual([first.log, second.log], [['a'], ['b', '?c', 'd']]);
    rig.assertNothingLost();
  });

  it('keeps within the limits and tells the gap', () => {
    const rig = new WordRouter({ maxItemsPerId: 3 });
    const guard = rig.router.open();
    const reader = new Reader();
    guard.claim('s', reader.sink).suspend();
    rig.send('s', ...words(5));
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, ['gap 2: 1-2', 'e3', 'e4', 'e5']);
    rig.assertNothingLost();
  });

  it('has requests served early again', () => {
    const rig = new WordRouter();
    const early: string[] = [];
    const serve = (message: string) => early.push(message) > 0;
    const guard = rig.router.open({ token: 't', early: ({ message }) => serve(message) });
    rig.router.open();
    const reader = new Reader();
    const registration = guard.claim('s', reader.sink);
    rig.send('s', '?a');
    registration.suspend();
    assert.deepEqual(rig.send('s', '?b'), ['served-early']);
    assert.deepEqual([reader.log, early], [['?a'], ['b']]);
    assert.equal(rig.router.open({ token: 't2' }).discard('s'), false);
  });

  it('in the middle of a delivery comes after what stands in line', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    rig.send('s', 'a', 'b');
    const reader = new Reader();
    reader.onLine = (line, registration) => {
      if (line !== 'a') return;
      registration.suspend();
      rig.send('s', 'c');
    };
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, ['a', 'b', 'c']);
    assert.deepEqual(rig.send('s', 'd'), ['buffered']);
    assert.equal(rig.router.isLive('s'), false);
    rig.assertNothingLost();
  });

  it('does not happen where a swap comes before it could', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    const [old, next] = [new Reader(), new Reader()];
    const registration = guard.claim('s', old.sink);
    old.onLine = () => {
      registration.suspend();
      registration.swap(next.sink);
    };
    rig.send('s', 'a', 'b');
    assert.deepEqual([old.log, next.log], [['a'], ['b']]);
    assert.equal(registration.active, true);
  });

  it('does nothing where nobody could claim the id again', () => {
    const rig = new WordRouter();
    const known = rig.reader('known');
    assert.equal(known.registration?.suspend(), false);
    const guard = rig.router.open();
    const reader = new Reader();
    const registration = guard.claim('s', reader.sink);
    guard.release();
    assert.equal(registration.suspend(), false);
    rig.send('s', 'a');
    rig.send('known', 'b');
    assert.deepEqual([reader.log, known.log], [['a'], ['b']]);
    registration.release();
    assert.equal(registration.suspend(), false);
  });

  it('closes the id where the guard ends while the line is emptied', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    const reader = new Reader();
    reader.onLine = (_, registration) => {
      registration.suspend();
      guard.release();
    };
    guard.claim('s', reader.sink);
    rig.send('s', 'a');
    assert.deepEqual(rig.send('s', 'b', '?c'), ['closed', 'closed']);
    assert.equal(rig.kindOf('c'), 'sessionClosed');
    assert.deepEqual(reader.log, ['a']);
  });

  it('leaves what waits to the end of the guard', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    rig.router.open();
    guard.claim('s', new Reader().sink).suspend();
    rig.send('s', 'a', '?b');
    guard.release();
    assert.equal(rig.kindOf('b'), 'pendingEnded');
    assert.deepEqual(rig.send('s', 'c'), ['closed']);
    rig.assertNothingLost();
  });
});
