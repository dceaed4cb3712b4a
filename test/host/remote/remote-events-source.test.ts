import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RemoteEvents } from '../../../host/remote/remote-events.ts';
import { CodeModeError } from '../../../src/errors.ts';
import type { LiveEvent } from '../../../src/live-events.ts';
import { EventReader } from '../../../src/runtime/event-reader.ts';
import { rejectsWith } from '../../support/events.ts';
import { settled } from '../../support/gates.ts';
import { nextOf, restOf } from '../../support/live-events.ts';

/** A host of one cell, played by the test: `log` has what readers asked of it. */
class EventsPeer {
  readonly log: string[] = [];
  #last = 0;
  #seq = 0;
  #send: (events: readonly LiveEvent[]) => void = () => {};
  #answer = Promise.withResolvers<unknown>();

  reader(after = 0): EventReader {
    const source = new RemoteEvents('1', (from, onEvents) => {
      this.#last += 1;
      const id = this.#last;
      this.log.push(`subscribe ${id} after ${from}`);
      this.#seq = from;
      this.#send = onEvents;
      this.#answer = Promise.withResolvers();
      const cancel = () => void this.log.push(`cancel ${id}`);
      return { answer: this.#answer.promise, cancel };
    });
    return new EventReader(() => source, { after });
  }

  notifies(...texts: readonly string[]): void {
    this.#send(texts.map((text) => ({ ...this.#place(), type: 'notified', text })));
  }

  ends(): void {
    this.#send([{ ...this.#place(), type: 'terminated' }]);
    this.answers();
  }

  /** Says that all events were sent. */
  answers(): void {
    this.#answer.resolve({});
  }

  async fails(code: 'cancelled' | 'connection_lost'): Promise<void> {
    this.#answer.reject(new CodeModeError(code, code));
    await settled();
  }

  #place() {
    this.#seq += 1;
    return { seq: this.#seq, atMs: 0 };
  }
}

describe('RemoteEvents', () => {
  it('subscribes for the first event, once, and reads to the end', async () => {
    const peer = new EventsPeer();
    const events = peer.reader();
    assert.deepEqual(peer.log, []);
    const words = restOf(events);
    peer.notifies('a', 'b');
    peer.notifies('c');
    peer.ends();
    assert.deepEqual(await words, ['notified a', 'notified b', 'notified c', 'terminated']);
    await settled();
    assert.deepEqual(peer.log, ['subscribe 1 after 0']);
  });

  it('subscribes after the number it was given', async () => {
    const peer = new EventsPeer();
    const words = restOf(peer.reader(41));
    peer.ends();
    assert.deepEqual(await words, ['terminated']);
    assert.deepEqual(peer.log, ['subscribe 1 after 41']);
  });

  it('unsubscribes when its reader leaves', async () => {
    const peer = new EventsPeer();
    const events = peer.reader();
    const first = nextOf(events, 1);
    peer.notifies('a', 'b');
    assert.deepEqual(await first, ['notified a']);
    await events.return();
    assert.deepEqual(peer.log, ['subscribe 1 after 0', 'cancel 1']);
  });

  it('unsubscribes when it is full, and continues at its position when it is empty', async () => {
    const peer = new EventsPeer();
    const events = peer.reader();
    const first = nextOf(events, 1);
    peer.notifies('first', ...Array.from({ length: 4_096 }, (_, n) => String(n)));
    peer.notifies('on its way');
    await first;
    await peer.fails('cancelled');
    assert.deepEqual(peer.log, ['subscribe 1 after 0', 'cancel 1']);
    const words = await nextOf(events, 4_096);
    assert.equal(words.at(-1), 'notified 4095');
    assert.equal(events.take(), undefined);
    assert.deepEqual(peer.log, ['subscribe 1 after 0', 'cancel 1', 'subscribe 2 after 4097']);
    peer.ends();
    assert.deepEqual(await restOf(events), ['terminated']);
  });

  it('does not cancel an ended subscription', async () => {
    const peer = new EventsPeer();
    const events = peer.reader();
    const first = nextOf(events, 1);
    peer.notifies('x', 'y');
    await first;
    peer.ends();
    await events.return();
    assert.deepEqual(peer.log, ['subscribe 1 after 0']);
  });

  it('fails when the host does, after what came before', async () => {
    const peer = new EventsPeer();
    const events = peer.reader();
    const waiting = events.next();
    peer.notifies('a', 'b');
    await waiting;
    await peer.fails('connection_lost');
    assert.deepEqual(await nextOf(events, 1), ['notified b']);
    await rejectsWith(events.next(), 'connection_lost');
    assert.equal((await events.next()).done, true);
  });

  it('does not repeat the request for ever if the host ends without the last event', async () => {
    const peer = new EventsPeer();
    const waiting = peer.reader().next();
    peer.answers();
    await rejectsWith(waiting, 'peer_failed');
    assert.deepEqual(peer.log, ['subscribe 1 after 0']);
  });
});
