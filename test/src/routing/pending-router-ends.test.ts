import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodeModeError } from '../../../src/errors.ts';
import { Reader, WordRouter, words } from '../../support/word-router.ts';

const OVERFLOW = 'pending session buffer overflow';
const ENDED = 'pending session routing ended before session was registered';
const misused = { name: CodeModeError.name, code: 'invalid_argument' };

describe('PendingRouter, when waiting ends', () => {
  it('C6 parks requests until the last guard ends, and then answers them', () => {
    const rig = new WordRouter();
    const [first, second] = [rig.router.open(), rig.router.open()];
    rig.send('a', '?x', 'y');
    rig.send('b', 'z');
    first.release();
    first.release();
    first[Symbol.dispose]();
    assert.deepEqual([rig.router.stats.pendingIds, rig.router.stats.guards], [2, 1]);
    second.release('create failed');
    assert.deepEqual([rig.router.stats.pendingIds, rig.router.stats.guards], [0, 0]);
    assert.deepEqual(rig.errorOf('x'), {
      code: -32603,
      message: `Cannot deliver to session a: ${ENDED}`,
      data: { kind: 'pendingEnded', sessionId: 'a' },
    });
    assert.deepEqual(rig.dropped, ['pendingEnded ?x', 'pendingEnded y', 'pendingEnded z']);
    assert.equal(rig.drops[0]?.reason, 'create failed');
    rig.assertNothingLost();
  });

  it('C6 ends with the block that took the guard', () => {
    const rig = new WordRouter();
    {
      using _guard = rig.router.open();
      rig.send('a', '?x');
    }
    assert.equal(rig.kindOf('x'), 'pendingEnded');
  });

  it('C6 distinguishes overflow and end by text too', () => {
    const rig = new WordRouter({ maxItemsPerId: 1 });
    const guard = rig.router.open();
    rig.send('a', '?x', '?y');
    guard.release();
    const [overflow, ended] = [rig.errorOf('x').message, rig.errorOf('y').message];
    assert.ok(overflow.includes(OVERFLOW) && !overflow.includes(ENDED));
    assert.ok(ended.includes(ENDED) && !ended.includes(OVERFLOW));
  });

  it('C6 keeps a foreign id parked until the last guard ends, whatever else is claimed', () => {
    const rig = new WordRouter();
    const guard = rig.router.open();
    rig.send('mine', 'a');
    rig.send('foreign', '?b');
    guard.claim('mine', new Reader().sink);
    assert.equal(rig.router.stats.pendingIds, 1);
    guard.release();
    assert.equal(rig.kindOf('b'), 'pendingEnded');
  });

  it('C6 forgets an id that merely waited, so that the next creation may get it', () => {
    const rig = new WordRouter({ maxTombstones: 1 });
    rig.reader('closed').registration?.release();
    const failed = rig.router.open();
    rig.send('a', 'x', '?y');
    failed.release();
    assert.equal(rig.router.stats.closedIds, 1);
    assert.deepEqual(rig.send('a', '?late'), ['unknown'], 'nothing is being created');
    const early: string[] = [];
    const next = rig.router.open({ early: ({ message }) => early.push(message) > 0 });
    assert.deepEqual(rig.send('closed', '?straggler'), ['closed'], 'this one was registered');
    assert.deepEqual(rig.send('a', '?first', 'second'), ['served-early', 'buffered']);
    const reader = new Reader();
    next.claim('a', reader.sink);
    assert.deepEqual([early, reader.log], [['first'], ['second']]);
    rig.assertNothingLost();
  });

  it('C7 abandons the items of a token with its guard', () => {
    const rig = new WordRouter();
    const first = rig.router.open({ token: 't1' });
    const second = rig.router.open({ token: 't2' });
    rig.request('a', 'x', { token: 't1' });
    rig.send('a', 'y');
    rig.event('b', 'z', { token: 't2' });
    rig.send('c', 'nobody’s');
    first.release();
    assert.equal(rig.kindOf('x'), 'pendingEnded');
    assert.deepEqual(rig.dropped, ['pendingEnded ?x', 'pendingEnded y']);
    assert.deepEqual(rig.send('a', '?late'), ['closed'], 'it must not pass for the id of another');
    const reader = new Reader();
    second.claim('b', reader.sink);
    assert.deepEqual(reader.log, ['z']);
    second.release();
    assert.deepEqual(rig.dropped.slice(-1), ['pendingEnded nobody’s']);
  });

  it('C7 takes over a line that was there before the token came', () => {
    const rig = new WordRouter();
    const first = rig.router.open({ token: 't1' });
    rig.router.open();
    rig.send('a', 'x');
    rig.event('a', 'y', { token: 't1' });
    first.release();
    assert.deepEqual(rig.dropped, ['pendingEnded x', 'pendingEnded y']);
  });

  it('C7 lets no other guard claim the id of a token', () => {
    const rig = new WordRouter();
    const first = rig.router.open({ token: 't1' });
    const second = rig.router.open({ token: 't2' });
    rig.event('a', 'x', { token: 't1' });
    const reader = new Reader();
    assert.throws(() => second.claim('a', reader.sink), misused);
    assert.throws(() => rig.router.register('a', reader.sink), misused);
    assert.equal(second.discard('a'), false);
    first.claim('a', reader.sink);
    assert.deepEqual(reader.log, ['x']);
    second.claim('b', reader.sink);
  });

  it('C7 refuses the token of an ended guard, and later items for its id', () => {
    const rig = new WordRouter();
    rig.router.open({ token: 't1' }).release();
    rig.router.open();
    assert.equal(rig.request('a', 'x', { token: 't1' }), 'unknown');
    assert.deepEqual(rig.send('a', '?y'), ['closed']);
    assert.equal(rig.kindOf('x'), 'unknownSession');
  });

  it('C7 uses a token for one id, the first', () => {
    const rig = new WordRouter();
    const first = rig.router.open({ token: 't1' });
    rig.router.open();
    rig.event('a', 'x', { token: 't1' });
    rig.event('b', 'y', { token: 't1' });
    first.release();
    assert.deepEqual(rig.dropped, ['pendingEnded x']);
  });

  it('C7 opens an id again for a token that had it before', () => {
    const rig = new WordRouter();
    rig.reader('a').registration?.release();
    const guard = rig.router.open({ token: 't1' });
    assert.equal(rig.event('a', 'new', { token: 't1' }), 'buffered');
    const reader = new Reader();
    guard.claim('a', reader.sink);
    assert.deepEqual(reader.log, ['new']);
  });

  it('C7 refuses a token that is in use, and accepts it again afterwards', () => {
    const rig = new WordRouter();
    const guard = rig.router.open({ token: 't1' });
    assert.throws(() => rig.router.open({ token: 't1' }), misused);
    assert.equal(rig.router.stats.guards, 1);
    guard.release();
    rig.router.open({ token: 't1' });
  });

  it('C8 answers requests that wait for an id when it is closed, and remembers the id', () => {
    const rig = new WordRouter();
    rig.router.open();
    rig.send('doomed', '?x', 'y');
    rig.send('kept', 'z');
    rig.router.discard('doomed', 'gone');
    assert.deepEqual(rig.errorOf('x'), {
      code: -32001,
      message: 'Cannot deliver to session doomed: it is closed',
      data: { kind: 'sessionClosed', sessionId: 'doomed' },
    });
    assert.equal(rig.drops[1]?.reason, 'gone');
    assert.deepEqual(rig.send('doomed', '?late', 'late'), ['closed', 'closed']);
    assert.equal(rig.kindOf('late'), 'sessionClosed');
    assert.deepEqual(rig.reader('kept').log, ['z']);
    rig.assertNothingLost();
  });

  it('C8 answers requests for an id whose registration has ended', () => {
    const rig = new WordRouter();
    const reader = rig.reader('s');
    rig.router.open();
    assert.equal(reader.registration?.release(), true);
    assert.equal(reader.registration?.active, false);
    assert.deepEqual(rig.send('s', '?x', 'y'), ['closed', 'closed']);
    assert.equal(rig.errorOf('x').code, -32001);
    assert.deepEqual(reader.log, []);
  });

  it('C8 forgets the least recently mentioned tombstone', () => {
    const rig = new WordRouter({ maxTombstones: 2 });
    for (const id of ['a', 'b']) rig.reader(id).registration?.release();
    rig.send('a', 'straggler');
    rig.reader('c').registration?.release();
    assert.deepEqual([...rig.send('a', 'x'), ...rig.send('b', 'x')], ['closed', 'unknown']);
  });

  it('C8 remembers 1,024 closed ids', () => {
    const rig = new WordRouter();
    for (const id of words(1_025)) rig.router.discard(id);
    assert.equal(rig.router.stats.closedIds, 1_024);
    assert.deepEqual([...rig.send('e1', 'x'), ...rig.send('e2', 'x')], ['unknown', 'closed']);
  });

  it('C8 lets a closed id be registered again', () => {
    const rig = new WordRouter();
    rig.reader('s').registration?.release();
    const again = rig.reader('s');
    assert.deepEqual(rig.send('s', 'x'), ['delivered']);
    again.registration?.release();
    assert.deepEqual(rig.send('s', 'x'), ['closed']);
    using guard = rig.router.open();
    guard.claim('s', again.sink);
  });
});
