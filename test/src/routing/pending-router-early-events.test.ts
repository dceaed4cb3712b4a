import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Reader, WordRouter } from '../../support/word-router.ts';

describe('PendingRouter, with events for an unclaimed id', () => {
  it('gives an event early to the guard that the id belongs to, in order with its requests', () => {
    const rig = new WordRouter();
    const log: string[] = [];
    const a = rig.router.open();
    const b = rig.router.open({
      early: ({ message }) => log.push(`?${message}`) > 0,
      earlyEvent: ({ message }) => message !== 'waits' && log.push(message) > 0,
    });
    rig.send('b', 'before', '?one', 'two', 'waits', '?three');
    a.claim('a', new Reader().sink);
    assert.deepEqual(rig.send('b', 'four', '?five'), Array(2).fill('served-early'));
    assert.deepEqual(log, ['before', '?one', 'two', '?three', 'four', '?five']);
    const reader = new Reader();
    b.claim('b', reader.sink);
    assert.deepEqual(reader.log, ['waits']);
    rig.assertNothingLost();
  });

  it('assigns no id because of an event alone', () => {
    const rig = new WordRouter();
    rig.router.open({ early: () => true, earlyEvent: () => assert.fail('asked') });
    assert.deepEqual(rig.send('a', 'event'), ['buffered']);
    assert.equal(rig.router.stats.dropped.sinkFailed, 0);
    assert.deepEqual(rig.send('b', '?one'), ['served-early']);
  });
});
