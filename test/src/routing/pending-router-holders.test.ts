import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { CodeModeError } from '../../../src/errors.ts';
import { assertNoListeners, assertNoTimersLeft } from '../../support/leaks.ts';
import { Reader, WordRouter, words } from '../../support/word-router.ts';

const misused = { name: CodeModeError.name, code: 'invalid_argument' };

function fakeClock(t: TestContext): (ms: number) => void {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  return (ms) => t.mock.timers.tick(ms);
}

describe('PendingRouter, with registrations and parked requests', () => {
  it('C9 removes nothing through an old registration', () => {
    const rig = new WordRouter();
    const old = rig.reader('s');
    old.registration?.release();
    const successor = rig.reader('s');
    assert.equal(old.registration?.release(), false);
    old.registration?.[Symbol.dispose]();
    assert.equal(old.registration?.swap(old.sink), false);
    assert.deepEqual(rig.send('s', 'x'), ['delivered']);
    assert.deepEqual([old.log, successor.log], [[], ['x']]);
  });

  it('C9 refuses an id that is live, and changes nothing', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    const reader = rig.reader('s');
    const usurper = new Reader();
    assert.throws(() => guard.claim('s', usurper.sink), misused);
    assert.throws(() => rig.router.register('s', usurper.sink), misused);
    assert.equal(guard.discard('s'), false);
    rig.send('s', 'x');
    assert.deepEqual([reader.log, usurper.log], [['x'], []]);
    guard.claim('t', usurper.sink);
  });

  it('C9 lets a guard claim once, and not after its end', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    guard.claim('s', new Reader().sink);
    assert.throws(() => guard.claim('t', new Reader().sink), misused);
    assert.equal(guard.discard('t'), false);
    const ended = rig.router.open();
    ended.release();
    assert.throws(() => ended.claim('t', new Reader().sink), misused);
    assert.equal(ended.discard('t'), false);
    assert.equal(rig.router.isLive('t'), false);
  });

  it('C9 lets a guard give up its id instead of claiming it', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    rig.send('s', '?x');
    assert.equal(guard.discard('s', 'unreadable'), true);
    assert.equal(rig.kindOf('x'), 'sessionClosed');
    assert.throws(() => guard.claim('s', new Reader().sink), misused);
    assert.deepEqual(rig.send('s', 'late'), ['closed']);
  });

  it('C10 answers a request that is cancelled while it waits, and does not deliver it', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    const controller = new AbortController();
    rig.send('s', 'a');
    rig.request('s', 'b', { controller, bytes: 5 });
    rig.send('s', 'c');
    controller.abort();
    assert.equal(rig.errorOf('b').code, -32800);
    assert.equal(rig.kindOf('b'), 'cancelled');
    assert.equal(rig.router.stats.parkedBytes, 0);
    const reader = new Reader();
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, ['a', 'c']);
    assertNoListeners(controller.signal);
    rig.assertNothingLost();
  });

  it('C10 does not park a request that was cancelled before, and evicts nothing for it', () => {
    const rig = new WordRouter({ maxItemsPerId: 1 });
    rig.router.open({ early: () => assert.fail('offered') });
    rig.send('s', 'a');
    rig.request('s', 'b', { controller: abortedController() });
    assert.equal(rig.kindOf('b'), 'cancelled');
    assert.deepEqual(rig.dropped, ['cancelled ?b']);
  });

  it('C10 leaves the cancelling of a delivered request to its sink', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    const controller = new AbortController();
    rig.request('s', 'a', { controller });
    const reader = new Reader();
    guard.claim('s', reader.sink);
    rig.request('s', 'b', { controller: abortedController() });
    controller.abort();
    assert.deepEqual(reader.log, ['?a', '?b']);
    assert.deepEqual(
      reader.requests.map(({ signal }) => signal?.aborted),
      [true, true],
    );
    assert.equal(rig.replies.size, 0);
  });

  it('C10 removes its listener from a request that no longer waits', () => {
    const rig = new WordRouter({ maxItemsPerId: 1 });
    const controllers = Array.from({ length: 4 }, () => new AbortController());
    const guard = rig.router.open();
    for (const [n, controller] of controllers.entries()) {
      rig.request(n < 3 ? 's' : 't', `r${n}`, { controller });
    }
    rig.router.discard('t');
    guard.claim('s', new Reader().sink);
    assertNoListeners(...controllers.map(({ signal }) => signal));
    for (const controller of controllers) controller.abort();
    assert.deepEqual(
      words(4, 'r').map((_, n) => rig.replies.get(`r${n}`)?.length ?? 0),
      [1, 1, 0, 1],
    );
  });

  it('C11 answers a request that has waited 10 s, and keeps events', (t) => {
    const pass = fakeClock(t);
    const rig = new WordRouter();
    const guard = rig.router.open();
    rig.send('s', '?a', 'b');
    pass(5_000);
    rig.send('s', '?c');
    pass(4_999);
    assert.equal(rig.replies.size, 0);
    pass(1);
    assert.deepEqual(rig.errorOf('a'), {
      code: -32603,
      message: 'Cannot deliver to session s: it was not registered within 10000 ms',
      data: { kind: 'parkTimeout', sessionId: 's', limit: 10_000 },
    });
    const reader = new Reader();
    guard.claim('s', reader.sink);
    pass(60_000);
    assert.deepEqual(reader.log, ['b', '?c']);
    assert.equal(rig.replies.size, 1);
    rig.assertNothingLost();
  });

  it('C11 waits as long as the most patient guard, or the guard of the token', (t) => {
    const pass = fakeClock(t);
    const rig = new WordRouter();
    rig.router.open({ parkMs: 50, token: 't' });
    rig.router.open({ parkMs: 500 });
    rig.request('a', 'mine', { token: 't' });
    rig.send('b', '?anybody’s');
    pass(50);
    assert.deepEqual([...rig.replies.keys()], ['mine']);
    assert.equal(rig.errorOf('mine').data.limit, 50);
    pass(450);
    assert.equal(rig.errorOf('anybody’s').data.limit, 500);
  });

  it('C11 can be switched off', (t) => {
    const pass = fakeClock(t);
    const rig = new WordRouter({ parkMs: Number.POSITIVE_INFINITY });
    rig.router.open();
    rig.send('s', '?a');
    pass(2 ** 31);
    assert.equal(rig.replies.size, 0);
  });

  it('C11 keeps no process alive', async () => {
    await assertNoTimersLeft(async () => {
      const rig = new WordRouter();
      rig.router.open();
      rig.send('s', ...words(10, '?r'));
      assert.equal(rig.router.stats.parked, 10);
    });
  });
});

function abortedController(): AbortController {
  const controller = new AbortController();
  controller.abort();
  return controller;
}
