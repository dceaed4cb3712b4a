import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cancelled, CodeModeError } from '../../../src/errors.ts';
import type { RoutedRequest } from '../../../src/routing/routed-items.ts';
import { assertNoListeners } from '../../support/leaks.ts';
import { Reader, WordRouter, type Words, words } from '../../support/word-router.ts';

/** Serves every request early and writes down which. */
class EarlyBird {
  readonly log: string[] = [];
  readonly serve = (request: RoutedRequest<Words>, id: string): boolean => {
    this.log.push(`${id} ?${request.message}`);
    request.reply({ result: 'early' });
    return true;
  };
}

describe('PendingRouter, before an id is claimed', () => {
  it('C12 serves a request at once that the creation may wait for', () => {
    const rig = new WordRouter();
    const bird = new EarlyBird();
    const guard = rig.router.open({ early: bird.serve });
    assert.deepEqual(rig.send('s', 'a', '?file', 'b'), ['buffered', 'served-early', 'buffered']);
    assert.deepEqual(bird.log, ['s ?file']);
    assert.deepEqual(rig.replies.get('file'), [{ result: 'early' }]);
    const reader = new Reader();
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, ['a', 'b']);
    assert.equal(rig.router.stats.servedEarly, 1);
    rig.assertNothingLost();
  });

  it('C12 parks a request that the guard declines', () => {
    const rig = new WordRouter();
    const guard = rig.router.open({ early: ({ message }) => message === 'file' });
    assert.deepEqual(rig.send('s', '?ask', '?file'), ['buffered', 'served-early']);
    const reader = new Reader();
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, ['?ask']);
    assert.equal(rig.replies.size, 0, 'the sink answers when it can');
  });

  it('C12 counts an answered request as served, whatever `early` returns', () => {
    const rig = new WordRouter();
    const guard = rig.router.open({
      early: (request) => {
        request.reply({ result: 'here' });
        return false;
      },
    });
    assert.deepEqual(rig.send('s', '?a'), ['served-early']);
    const reader = new Reader();
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, []);
  });

  it('C12 does not guess between two guards', () => {
    const rig = new WordRouter();
    const [one, two] = [new EarlyBird(), new EarlyBird()];
    const first = rig.router.open({ early: one.serve });
    rig.router.open({ early: two.serve });
    assert.deepEqual(rig.send('s', '?a'), ['buffered']);
    first.release();
    assert.deepEqual(rig.send('s', '?b'), ['served-early']);
    assert.deepEqual([one.log, two.log], [[], ['s ?a', 's ?b']]);
  });

  it('C12 serves by token, also what comes later without it', () => {
    const rig = new WordRouter();
    const [one, two] = [new EarlyBird(), new EarlyBird()];
    rig.router.open({ token: 't1', early: one.serve });
    rig.router.open({ token: 't2', early: two.serve });
    assert.equal(rig.request('s', 'a', { token: 't2' }), 'served-early');
    assert.deepEqual(rig.send('s', '?b'), ['served-early']);
    assert.deepEqual([one.log, two.log], [[], ['s ?a', 's ?b']]);
  });

  it('C12 does not offer a second id to a guard that has one', () => {
    const rig = new WordRouter();
    const [claimed, named] = [new EarlyBird(), new EarlyBird()];
    rig.router.open({ early: claimed.serve }).claim('mine', new Reader().sink);
    assert.deepEqual(rig.send('other', '?a'), ['buffered']);
    rig.router.open({ token: 't', early: named.serve });
    rig.event('named', 'x', { token: 't' });
    assert.deepEqual(rig.send('another', '?b'), ['buffered']);
    assert.deepEqual([claimed.log, named.log], [[], []]);
  });

  it('C12 answers a request whose early service throws', () => {
    const rig = new WordRouter();
    const failure = new Error('no');
    rig.router.open({
      early: () => {
        throw failure;
      },
    });
    assert.deepEqual(rig.send('s', '?a'), ['served-early']);
    assert.deepEqual([rig.errorOf('a').code, rig.kindOf('a')], [-32603, 'sinkFailed']);
    assert.equal(rig.drops[0]?.reason, failure);
    rig.assertNothingLost();
  });
});

describe('PendingRouter, when sinks, hooks or the connection fail', () => {
  it('C13 answers a request whose sink throws, and continues', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    rig.send('s', 'a', '?b', 'c');
    const reader = new Reader();
    reader.onLine = (line) => {
      throw new Error(`cannot take ${line}`);
    };
    guard.claim('s', reader.sink);
    assert.deepEqual(rig.send('s', '?d', 'e'), ['delivered', 'delivered']);
    assert.deepEqual(reader.log, ['a', '?b', 'c', '?d', 'e']);
    assert.deepEqual(rig.errorOf('b'), {
      code: -32603,
      message: 'Cannot deliver to session s: its handler failed',
      data: { kind: 'sinkFailed', sessionId: 's' },
    });
    assert.equal(rig.kindOf('d'), 'sinkFailed');
    assert.equal(rig.router.stats.dropped.sinkFailed, 5);
    assert.match(String(rig.drops[0]?.reason), /cannot take a/);
    rig.assertNothingLost();
  });

  it('C13 keeps an answer that was given before the sink threw', () => {
    const rig = new WordRouter();
    const reader = rig.reader('s');
    reader.onLine = () => {
      reader.requests[0]?.reply({ result: 'done' });
      throw new Error('afterwards');
    };
    rig.send('s', '?a');
    assert.deepEqual(rig.replies.get('a'), [{ result: 'done' }]);
  });

  it('C13 delivers what follows a gap whose sink threw', () => {
    const rig = new WordRouter({ maxItemsPerId: 1 });
    const guard = rig.router.open();
    rig.send('s', 'a', 'b');
    const reader = new Reader();
    reader.onLine = (line) => assert.ok(!line.startsWith('gap'));
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, ['gap 1: 1-1', 'b']);
    assert.deepEqual(rig.dropped, ['pendingOverflow a', 'sinkFailed gap 1: 1-1']);
    rig.assertNothingLost();
  });

  it('C13 answers all other requests when an answer cannot be sent, and when reporting a drop fails', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    rig.send('s', '?a', '?b', '?c');
    rig.onReply = (word) => assert.notEqual(word, 'b');
    rig.onDrop = () => assert.fail('no');
    guard.release();
    assert.deepEqual([...rig.replies.keys()], ['a', 'b', 'c']);
    assert.equal(rig.router.stats.hookFailures, 4);
  });

  it('C14 answers nothing when the connection is closed, and aborts requests that wait', () => {
    const rig = new WordRouter();
    const controllers = words(2).map(() => new AbortController());
    const guard = rig.router.open();
    for (const [n, controller] of controllers.entries()) {
      rig.request('s', `r${n}`, { controller, bytes: 9 });
    }
    rig.send('s', 'a', '?without controller');
    const cause = new CodeModeError('connection_lost', 'Cannot go on: the host is gone');
    rig.router.close(cause);
    for (const { signal } of controllers) {
      assert.ok(signal.reason instanceof Cancelled);
      assert.equal(signal.reason.reason, 'disconnect');
    }
    assert.equal(rig.replies.size, 0);
    assert.equal(rig.router.stats.dropped.disconnected, 4);
    assert.equal(rig.drops[0]?.reason, cause);
    const { parked, parkedBytes, guards, liveIds } = rig.router.stats;
    assert.deepEqual({ parked, parkedBytes, guards, liveIds }, noneLeft);
    assertNoListeners(...controllers.map(({ signal }) => signal));
    guard.release();
    rig.assertNothingLost();
  });

  it('C14 refuses everything afterwards, and says why', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    const reader = rig.reader('s');
    const cause = new CodeModeError('connection_lost', 'Cannot go on: the host is gone');
    rig.router.close(cause);
    rig.router.close(new Error('another'));
    assert.throws(() => guard.claim('t', reader.sink), cause);
    assert.throws(() => rig.router.register('t', reader.sink), cause);
    assert.throws(() => rig.router.open(), cause);
    assert.equal(guard.discard('t'), false);
    assert.deepEqual([reader.registration?.active, reader.registration?.release()], [false, false]);
    const controller = new AbortController();
    assert.equal(rig.request('s', 'late', { controller }), 'closed');
    assert.deepEqual(rig.send('u', 'late'), ['closed']);
    assert.equal(controller.signal.aborted, true);
    assert.deepEqual([reader.log, rig.replies.size], [[], 0]);
    rig.assertNothingLost();
  });

  it('C14 drops the late answer to a request that was delivered before, and counts it', () => {
    const rig = new WordRouter();
    const reader = rig.reader('s');
    rig.send('s', '?a');
    rig.router.close(new Error('gone'));
    reader.requests[0]?.reply({ result: 'late' });
    assert.equal(rig.replies.size, 0);
    assert.equal(rig.router.stats.ignoredReplies, 1);
  });
});

const noneLeft = { parked: 0, parkedBytes: 0, guards: 0, liveIds: 0 };
