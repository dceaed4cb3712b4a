import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodeModeError } from '../../../src/errors.ts';
import { PendingRouter } from '../../../src/routing/pending-router.ts';
import { Reader, WordRouter, words } from '../../support/word-router.ts';

/*
 * Rules C1 to C18 of the router, and where the cases come from. The buffer was first proposed for
 * session clients in six languages, with 65 tests, numbered here as in that list:
 *
 * | first proposed as                                    | here                                        |
 * |------------------------------------------------------|---------------------------------------------|
 * | 1, 16 nothing kept without a guard                   | C1                                          |
 * | 2, 4, 41, 53, 63 flushed, in order of arrival        | C2                                          |
 * | 13, 14, 22, 23, 31, 32, 42, 54, 65 early event and   | C2, C15 "delivers what came before the      |
 * |   request reach their handlers after the create      |   answer"                                   |
 * | 3, 43, 64 at most 128, the newest stay               | C4                                          |
 * | 5, 24, 33, 45, 55, 67 overflow answers the oldest    | C5                                          |
 * | 6, 25, 34, 44, 56, 66 the last guard answers         | C6, C15 "fails with what sending fails with"|
 * | 46, 68 the two texts do not contain each other       | C6                                          |
 * | 7 only the last guard clears                         | C6                                          |
 * | 8 letting go of one id leaves others                 | C8                                          |
 * | 16 registered: straight through                      | C2                                          |
 * | 69 registered while the create is in flight          | C16 "is registered before anything is sent" |
 * | 70 another id in the answer                          | C16                                         |
 * | 71 cancelled before and after the answer; one claim  | C9, C15 "gives up"                          |
 * | 72 tokens of registrations                           | C9                                          |
 * | 73 a stale owner does not remove its successor       | C9, C16 "asked for again"                   |
 * | 9-12, 17-21, 26-30, 35-40, 47-52, 57-62 what a       | not here: they are about what a client      |
 * |   create may be called with, and its wire shape      |   sends, which the router does not see      |
 * | 15 a renaming; 73 lag, capacity, concurrent readers  | not here: subscriptions of a session        |
 *
 * What none of those checks: a the survivors are the newest, C4; b a request between events is
 * evicted, C5; c, d order over kinds and into live traffic, C2, C3; e two creates, one fails, C15;
 * f a foreign id, C6; g letting go answers, C8; h no guard, C1; i an id that is no string cannot be
 * routed, by type; j registered twice, C9; k cancel, C10; l floods, C4; m deadline, C11; n undecodable
 * answer, C15; o connection lost, C14, C15; p early service, C12; q stragglers, C8; r sinks that
 * throw, C13; s everything exactly once, C18.
 */

describe('PendingRouter', () => {
  it('C1 drops and counts an event for an unknown id', () => {
    const rig = new WordRouter();
    assert.equal(rig.event('ghost', 'boo'), 'unknown');
    const { pendingIds, parked, dropped } = rig.router.stats;
    assert.deepEqual({ pendingIds, parked }, { pendingIds: 0, parked: 0 });
    assert.equal(dropped.unknownSession, 1);
    assert.deepEqual(rig.dropped, ['unknownSession boo']);
    assert.deepEqual(rig.reader('ghost').log, []);
  });

  it('C1 answers a request for an unknown id', () => {
    const rig = new WordRouter();
    assert.equal(rig.request('ghost', 'who'), 'unknown');
    assert.deepEqual(rig.errorOf('who'), {
      code: -32602,
      message: 'Cannot deliver to session ghost: the id is unknown',
      data: { kind: 'unknownSession', sessionId: 'ghost' },
    });
  });

  it('C1 names cell and session if the ids are cells', () => {
    const rig = new WordRouter({}, 's1');
    rig.request('7', 'who');
    const { message, data } = rig.errorOf('who');
    assert.equal(message, 'Cannot deliver to cell 7 of session s1: the id is unknown');
    assert.deepEqual(data, { kind: 'unknownSession', sessionId: 's1', cellId: '7' });
  });

  it('C2 keeps the order of events and requests through the flush and afterwards', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    assert.deepEqual(rig.send('s', 'a', '?b', 'c'), ['buffered', 'buffered', 'buffered']);
    const reader = new Reader();
    guard.claim('s', reader.sink);
    assert.deepEqual(rig.send('s', '?d', 'e'), ['delivered', 'delivered']);
    guard.release();
    rig.send('s', 'f');
    assert.deepEqual(reader.log, ['a', '?b', 'c', '?d', 'e', 'f']);
    assert.deepEqual(reader.seqs, [1, 2, 3, 4, 5, 6]);
    rig.assertNothingLost();
  });

  it('C2 passes an answer on, once', () => {
    const rig = new WordRouter();
    const reader = rig.reader('s');
    rig.request('s', 'colour');
    reader.requests[0]?.reply({ result: 'blue' });
    reader.requests[0]?.reply({ result: 'red' });
    assert.deepEqual(rig.replies.get('colour'), [{ result: 'blue' }]);
    assert.equal(rig.router.stats.ignoredReplies, 1);
  });

  it('C2 delivers nothing on an empty claim, and accepts any text as an id', () => {
    for (const id of ['', '__proto__', 'constructor', '💥']) {
      const rig = new WordRouter();
      const guard = rig.router.open();
      const reader = new Reader();
      const registration = guard.claim(id, reader.sink);
      assert.deepEqual([registration.id, registration.active, reader.log], [id, true, []]);
      assert.deepEqual(rig.send(id, 'a'), ['delivered']);
    }
  });

  it('C2 flushes into an id that was known beforehand', () => {
    const rig = new WordRouter();
    rig.router.open();
    rig.send('s', 'a', '?b');
    assert.deepEqual(rig.reader('s').log, ['a', '?b']);
  });

  it('C2 passes deliveries of one router to another unchanged', () => {
    const outer = new WordRouter();
    const inner = new WordRouter({}, 's');
    const cell = inner.reader('1');
    outer.router.register('s', (delivery) => {
      if (delivery.kind !== 'gap') inner.router.route('1', delivery);
    });
    const controller = new AbortController();
    outer.event('s', 'a', { bytes: 3 });
    outer.request('s', 'b', { controller });
    assert.deepEqual(cell.log, ['a', '?b']);
    cell.requests[0]?.reply({ result: 'yes' });
    assert.deepEqual(outer.replies.get('b'), [{ result: 'yes' }]);
    assert.equal(cell.requests[0]?.signal, controller.signal);
  });

  it('C3 places items that come during the flush behind the earlier ones', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    rig.send('s', 'a', 'b', 'c');
    const reader = new Reader();
    const results: unknown[] = [];
    reader.onLine = (line) => {
      if (line === 'a') results.push(...rig.send('s', 'd', '?e'));
      if (line === 'd') results.push(...rig.send('s', 'f'));
    };
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, ['a', 'b', 'c', 'd', '?e', 'f']);
    assert.deepEqual(results, ['buffered', 'buffered', 'buffered']);
    rig.assertNothingLost();
  });

  it('C4 keeps the newest 128 items of an id', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    rig.send('s', ...words(133));
    assert.equal(rig.router.stats.parked, 128);
    const reader = new Reader();
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, ['gap 5: 1-5', ...words(133).slice(5)]);
    rig.assertNothingLost();
  });

  it('C4 counts events and requests together', () => {
    const rig = new WordRouter();
    rig.router.open();
    rig.send('s', ...words(64), ...words(64, '?r'));
    assert.deepEqual(rig.dropped, []);
    rig.send('s', '?last');
    assert.deepEqual(rig.dropped, ['pendingOverflow e1']);
  });

  it('C4 drops the oldest of 65 ids with all its items', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    rig.send('first', 'a', '?b', 'c');
    for (const id of words(63)) rig.send(id, 'x');
    rig.send('first', 'd');
    assert.deepEqual(rig.dropped, []);
    rig.send('one more', 'x');
    assert.equal(rig.router.stats.pendingIds, 64);
    assert.deepEqual(
      rig.dropped,
      ['a', '?b', 'c', 'd'].map((word) => `pendingOverflow ${word}`),
    );
    const { message, data } = rig.errorOf('b');
    assert.match(message, /pending session buffer overflow, maxPendingIds is 64/);
    assert.deepEqual(data, { kind: 'pendingOverflow', sessionId: 'first', limit: 64 });
    const reader = new Reader();
    guard.claim('first', reader.sink);
    assert.deepEqual(reader.log, ['gap 3: 1-67'], 'whoever gets the id all the same is told');
    rig.assertNothingLost();
  });

  it('C4 adds to a loss that it remembers', () => {
    const rig = new WordRouter({ maxPendingIds: 1, maxItemsPerId: 1 });
    const guard = rig.router.open();
    rig.send('s', 'a');
    rig.send('other', 'x');
    rig.send('s', 'b', 'c');
    const reader = new Reader();
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, ['gap 2: 1-3', 'c']);
  });

  it('C4 keeps 8 MiB over all ids, and drops the oldest first', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    const mib = 1 << 20;
    rig.event('s1', 'a', { bytes: 3 * mib });
    rig.event('s2', 'b', { bytes: 3 * mib });
    rig.event('s1', 'c', { bytes: 2 * mib });
    assert.equal(rig.router.stats.parkedBytes, 8 * mib);
    rig.request('s3', 'd', { bytes: 4 * mib });
    assert.deepEqual(rig.dropped, ['pendingOverflow a', 'pendingOverflow b']);
    assert.equal(rig.router.stats.parkedBytes, 6 * mib);
    rig.event('s3', 'e', { bytes: 3 * mib });
    rig.event('s3', 'f', { bytes: 4 * mib });
    assert.deepEqual(rig.dropped.slice(2), ['pendingOverflow c', 'pendingOverflow ?d']);
    assert.match(rig.errorOf('d').message, /overflow, maxParkedBytes is 8388608/);
    const reader = new Reader();
    guard.claim('s2', reader.sink);
    assert.deepEqual(reader.log, ['gap 1: 2-2']);
  });

  it('C4 releases the room of claimed and dropped items', () => {
    const rig = new WordRouter({ maxParkedBytes: 10 });
    const guard = rig.router.open();
    rig.event('s', 'a', { bytes: 6 });
    rig.event('t', 'b', { bytes: 4 });
    guard.claim('s', new Reader().sink);
    assert.equal(rig.router.stats.parkedBytes, 4);
    rig.router.discard('t');
    assert.equal(rig.router.stats.parkedBytes, 0);
    rig.event('u', 'c', { bytes: 10 });
    guard.release();
    assert.equal(rig.router.stats.parkedBytes, 0);
  });

  it('C4 evicts nothing for an item that cannot fit', () => {
    const rig = new WordRouter({ maxParkedBytes: 10 });
    const guard = rig.router.open();
    rig.event('s', 'a', { bytes: 10 });
    rig.request('s', 'huge', { bytes: 11 });
    rig.event('s', 'vast', { bytes: 11 });
    rig.event('t', 'big', { bytes: 11 });
    assert.equal(rig.kindOf('huge'), 'pendingOverflow');
    const reader = new Reader();
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, ['gap 1: 3-3', 'a']);
    assert.deepEqual(rig.reader('t').log, ['gap 1: 4-4']);
    rig.assertNothingLost();
  });

  it('C4 keeps nothing if a limit is zero', () => {
    for (const limits of [{ maxItemsPerId: 0 }, { maxPendingIds: 0 }]) {
      const rig = new WordRouter(limits);
      rig.router.open();
      rig.send('s', 'a', '?b');
      assert.equal(rig.errorOf('b').data.limit, 0);
      assert.equal(rig.router.stats.parked, 0);
      assert.deepEqual(rig.reader('s').log, ['gap 1: 1-1']);
    }
  });

  it('C4 refuses an invalid limit', () => {
    const wrong = (limits: object) => () => new PendingRouter({ limits });
    assert.throws(wrong({ parkMs: -1 }), CodeModeError);
    assert.throws(wrong({ maxItems: 1 }), CodeModeError);
  });

  it('C5 answers an evicted request at once', () => {
    const rig = new WordRouter();
    rig.router.open();
    rig.send('s', '?first', ...words(127, '?r'));
    assert.equal(rig.replies.size, 0);
    rig.send('s', '?last');
    assert.deepEqual(rig.errorOf('first'), {
      code: -32603,
      message: 'Cannot deliver to session s: pending session buffer overflow, maxItemsPerId is 128',
      data: { kind: 'pendingOverflow', sessionId: 's', limit: 128 },
    });
    assert.equal(rig.replies.size, 1);
  });

  it('C5 reports evicted events in one gap, before the survivors', () => {
    const rig = new WordRouter({ maxItemsPerId: 3 });
    const guard = rig.router.open();
    rig.send('s', 'a', '?b');
    rig.send('t', 'x');
    rig.send('s', 'c', '?d', '?e', 'f');
    const reader = new Reader();
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, ['gap 2: 1-4', '?d', '?e', 'f']);
    assert.equal(rig.kindOf('b'), 'pendingOverflow');
    assert.equal(rig.router.stats.gaps, 1);
    guard.release();
    rig.assertNothingLost();
  });

  it('C5 reports no gap if only requests were evicted', () => {
    const rig = new WordRouter({ maxItemsPerId: 1 });
    const guard = rig.router.open();
    rig.send('s', '?a', '?b', 'c');
    const reader = new Reader();
    guard.claim('s', reader.sink);
    assert.deepEqual(reader.log, ['c']);
  });
});
