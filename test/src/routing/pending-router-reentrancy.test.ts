import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Registration } from '../../../src/routing/routed-items.ts';
import { assertNoListeners } from '../../support/leaks.ts';
import { Reader, WordRouter, type Words } from '../../support/word-router.ts';

/** Claims `s` with this backlog; at the given line, the sink does something. */
function claimed(
  rig: WordRouter,
  backlog: readonly string[],
  at: string,
  act: (registration: Registration<Words>) => void,
): Reader {
  using guard = rig.router.open();
  rig.send('s', ...backlog);
  const reader = new Reader();
  reader.onLine = (line, registration) => line === at && act(registration);
  reader.registration = guard.claim('s', reader.sink);
  return reader;
}

describe('PendingRouter, called from inside a delivery', () => {
  it('delivers what a sink routes to itself when the sink returns', () => {
    const rig = new WordRouter();
    const reader = rig.reader('s');
    const story: string[] = [];
    reader.onLine = (line) => {
      story.push(`begin ${line}`);
      if (line === 'a') rig.send('s', 'b', '?c');
      story.push(`end ${line}`);
    };
    rig.send('s', 'a');
    const lines = ['a', 'b', '?c'].flatMap((line) => [`begin ${line}`, `end ${line}`]);
    assert.deepEqual(story, lines);
    rig.assertNothingLost();
  });

  it('delivers at once to another id', () => {
    const rig = new WordRouter();
    const other = rig.reader('t');
    rig.reader('s').onLine = () => assert.deepEqual(rig.send('t', 'x'), ['delivered']);
    rig.send('s', 'a');
    assert.deepEqual(other.log, ['x']);
    assert.equal(rig.router.stats.dropped.sinkFailed, 0);
  });

  it('C3 claims another id during a flush, and keeps the order of each', () => {
    const rig = new WordRouter();
    const second = rig.router.open();
    rig.send('t', 'x');
    const other = new Reader();
    const reader = claimed(rig, ['a', 'b'], 'a', () => {
      rig.send('t', 'y');
      second.claim('t', other.sink);
      rig.send('t', 'z');
      second.release();
    });
    assert.deepEqual(reader.log, ['a', 'b']);
    assert.deepEqual(other.log, ['x', 'y', 'z']);
    rig.assertNothingLost();
  });

  it('C8 answers the line when a sink releases its id during a flush', () => {
    const rig = new WordRouter();
    const reader = claimed(rig, ['a', '?b', 'c'], 'a', (registration) => {
      rig.send('s', '?d');
      assert.equal(registration.release('enough'), true);
      assert.deepEqual(rig.send('s', '?e'), ['closed']);
    });
    assert.deepEqual(reader.log, ['a']);
    assert.equal(reader.registration?.active, false);
    assert.deepEqual(
      rig.dropped,
      ['?b', 'c', '?d', '?e'].map((word) => `sessionClosed ${word}`),
    );
    rig.assertNothingLost();
  });

  it('C8 keeps the line of a successor apart from that of the released registration', () => {
    const rig = new WordRouter();
    const successor = new Reader();
    const reader = claimed(rig, ['a', 'b'], 'a', (registration) => {
      registration.release();
      rig.router.register('s', successor.sink);
      assert.deepEqual(rig.send('s', 'c'), ['delivered']);
      assert.deepEqual([registration.release(), registration.active], [false, false]);
    });
    rig.send('s', 'd');
    assert.deepEqual([reader.log, successor.log], [['a'], ['c', 'd']]);
  });

  it('C10 takes a request out of the line of a busy sink', () => {
    const rig = new WordRouter();
    const controllers = [new AbortController(), new AbortController()];
    const [controller, unused] = controllers;
    const reader = rig.reader('s');
    reader.onLine = (line) => {
      if (line !== 'a') return;
      rig.request('s', 'b', { controller });
      rig.request('s', 'c', { controller: unused });
      assert.equal(rig.router.stats.parked, 2);
      controller?.abort();
    };
    rig.send('s', 'a');
    assert.deepEqual(reader.log, ['a', '?c']);
    assert.equal(rig.kindOf('b'), 'cancelled');
    assertNoListeners(...controllers.map(({ signal }) => signal));
    rig.assertNothingLost();
  });

  it('C10 cancels a request during a flush before it is delivered', () => {
    const rig = new WordRouter();
    const controller = new AbortController();
    const guard = rig.router.open();
    rig.send('s', 'a');
    rig.request('s', 'b', { controller });
    const reader = new Reader();
    reader.onLine = () => controller.abort();
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, ['a']);
    assert.equal(rig.kindOf('b'), 'cancelled');
  });

  it('C14 ends everything when a sink closes the router during a flush', () => {
    const rig = new WordRouter();
    const controller = new AbortController();
    const guard = rig.router.open();
    rig.send('s', 'a', 'b');
    rig.request('s', 'c', { controller });
    const reader = new Reader();
    reader.onLine = () => rig.router.close(new Error('gone'));
    assert.equal(guard.claim('s', reader.sink).active, false);
    assert.deepEqual(reader.log, ['a']);
    assert.equal(controller.signal.aborted, true);
    rig.assertNothingLost();
  });

  it('is consistent when it answers an evicted request', () => {
    const rig = new WordRouter({ maxItemsPerId: 2 });
    const guard = rig.router.open();
    const reader = new Reader();
    rig.onReply = () => guard.claim('s', reader.sink);
    rig.send('s', '?a', 'b', 'c', 'd');
    assert.equal(rig.kindOf('a'), 'pendingOverflow');
    assert.deepEqual(reader.log, ['b', 'c', 'd']);
    assert.equal(rig.router.stats.hookFailures, 0);
  });

  it('is consistent when it answers the requests that the last guard leaves', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    rig.send('s', '?a');
    rig.send('t', '?b');
    rig.onReply = (word) => {
      if (word === 'a') assert.deepEqual(rig.send('t', '?c'), ['unknown']);
      guard.release();
    };
    guard.release();
    assert.deepEqual([rig.kindOf('b'), rig.kindOf('c')], ['pendingEnded', 'unknownSession']);
    rig.assertNothingLost();
  });

  it('C14 sends no more answers when it is closed by one', () => {
    const rig = new WordRouter();
    const controller = new AbortController();
    const guard = rig.router.open();
    rig.send('s', '?a');
    rig.request('s', 'b', { controller });
    rig.onReply = () => rig.router.close(new Error('gone'));
    guard.release();
    assert.deepEqual([...rig.replies.keys()], ['a']);
    assert.deepEqual(rig.dropped, ['pendingEnded ?a', 'disconnected ?b']);
    assert.equal(controller.signal.aborted, true);
    assert.equal(rig.router.stats.ignoredReplies, 0);
  });

  it('C12 places items that come during an offer behind the offered request', () => {
    const rig = new WordRouter();
    const guard = rig.router.open({
      early: ({ message }) => {
        if (message === 'a')
          assert.deepEqual(rig.send('s', 'b', '?c', 'e'), Array(3).fill('buffered'));
        if (message === 'c') rig.send('s', 'd');
        return false;
      },
    });
    rig.send('s', '?a');
    const reader = new Reader();
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, ['?a', 'b', '?c', 'e', 'd']);
    assert.deepEqual(reader.seqs, [1, 2, 3, 4, 5]);
    rig.assertNothingLost();
  });

  it('C12 delivers in order if the id is claimed during the offer', () => {
    const rig = new WordRouter();
    const reader = new Reader();
    const guard = rig.router.open({
      early: () => {
        rig.send('s', 'b');
        guard.claim('s', reader.sink);
        rig.send('s', 'c');
        return false;
      },
    });
    rig.send('s', 'a');
    assert.deepEqual(rig.send('s', '?offered'), ['delivered']);
    assert.deepEqual(reader.log, ['a', '?offered', 'b', 'c']);
    rig.assertNothingLost();
  });

  it('C12 answers a request whose router or guard ends during the offer', () => {
    for (const end of ['close', 'release'] as const) {
      const rig = new WordRouter();
      const controller = new AbortController();
      const guard = rig.router.open({
        early: () => {
          if (end === 'close') rig.router.close(new Error('gone'));
          else guard.release();
          return false;
        },
      });
      const result = rig.request('s', 'a', { controller });
      assert.equal(result, end === 'close' ? 'closed' : 'unknown');
      assert.equal(controller.signal.aborted, end === 'close');
      assert.equal(rig.replies.size, end === 'close' ? 0 : 1);
    }
  });
});
