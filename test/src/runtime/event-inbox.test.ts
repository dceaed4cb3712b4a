import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LiveEvent } from '../../../src/live-events.ts';
import { EventInbox } from '../../../src/runtime/event-inbox.ts';

function notified(text: string): LiveEvent {
  return { type: 'notified', text };
}

/** Takes all and gives the texts. */
function drain(inbox: EventInbox): readonly string[] {
  const texts: string[] = [];
  for (;;) {
    const event = inbox.take();
    if (event === undefined) return texts;
    texts.push(event.type === 'notified' ? event.text : event.type);
  }
}

describe('EventInbox', () => {
  it('gives what was put in, in order, however it is mixed', () => {
    const inbox = new EventInbox();
    assert.equal(inbox.isEmpty, true);
    inbox.push(notified('a'));
    inbox.push(notified('b'));
    assert.deepEqual(inbox.take(), notified('a'));
    inbox.push(notified('c'));
    assert.equal(inbox.isEmpty, false);
    assert.deepEqual(drain(inbox), ['b', 'c']);
    inbox.push(notified('d'));
    assert.deepEqual(drain(inbox), ['d']);
    assert.equal(inbox.isEmpty, true);
  });

  it('is full with 4,096 events, whether others were taken before or not', () => {
    const inbox = new EventInbox();
    inbox.push(notified('taken'));
    inbox.take();
    inbox.push(notified('taken too'));
    for (let n = 1; n < 4_096; n += 1) inbox.push(notified('x'));
    assert.equal(inbox.isFull, true);
    inbox.take();
    assert.equal(inbox.isFull, false);
    inbox.push(notified('last'));
    assert.equal(inbox.isFull, true);
  });

  it('is full with 4 MiB, and has room again when they are taken', () => {
    const inbox = new EventInbox();
    for (let round = 0; round < 3; round += 1) {
      inbox.push(notified('x'.repeat((1 << 21) - 33)));
      assert.equal(inbox.isFull, false);
      inbox.push(notified(''));
      assert.equal(inbox.isFull, true);
      inbox.take();
      assert.equal(inbox.isFull, false);
      inbox.take();
    }
  });
});
