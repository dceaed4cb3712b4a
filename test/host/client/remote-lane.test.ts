import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RemoteLane } from '../../../host/client/remote-lane.ts';
import { CodeModeError } from '../../../src/errors.ts';
import type { LiveEvent } from '../../../src/live-events.ts';
import { EventReader } from '../../../src/runtime/event-reader.ts';
import { rejectsWith } from '../../support/events.ts';
import { settled } from '../../support/gates.ts';
import { nextOf, restOf } from '../../support/live-events.ts';

/** A host of one cell, played by the test: `log` has what the lane did. */
class LaneHost {
  readonly log: string[] = [];
  readonly lane = new RemoteLane('1', {
    subscribe: (onEvents) => {
      this.#last += 1;
      this.log.push(`subscribe ${this.#last}`);
      this.#tell = onEvents;
      this.#answer = Promise.withResolvers();
      return { id: this.#last, answer: this.#answer.promise };
    },
    cancel: (id) => void this.log.push(`cancel ${id}`),
  });
  #last = 0;
  #tell: (events: readonly LiveEvent[]) => void = () => {};
  #answer = Promise.withResolvers<unknown>();

  reader(): EventReader {
    return new EventReader(() => this.lane, undefined);
  }

  notifies(...texts: readonly string[]): void {
    this.#tell(texts.map((text) => ({ type: 'notified', text })));
  }

  ends(): void {
    this.#tell([{ type: 'terminated' }]);
    this.answers();
  }

  /** Says that all was told. */
  answers(): void {
    this.#answer.resolve({});
  }

  async fails(code: 'cancelled' | 'connection_lost'): Promise<void> {
    this.#answer.reject(new CodeModeError(code, code));
    await settled();
  }
}

describe('RemoteLane', () => {
  it('subscribes for the first event, once, and reads to the end', async () => {
    const host = new LaneHost();
    const events = host.reader();
    assert.deepEqual(host.log, []);
    const words = restOf(events);
    host.notifies('a', 'b');
    host.notifies('c');
    host.ends();
    assert.deepEqual(await words, ['notified a', 'notified b', 'notified c', 'terminated']);
    await settled();
    assert.deepEqual(host.log, ['subscribe 1']);
  });

  it('unsubscribes for a reader that leaves, and keeps what still came for the next', async () => {
    const host = new LaneHost();
    const events = host.reader();
    const first = nextOf(events, 1);
    host.notifies('a', 'b');
    assert.deepEqual(await first, ['notified a']);
    await events.return();
    host.notifies('c');
    const next = host.reader();
    const words = nextOf(next, 3);
    await settled();
    assert.deepEqual(host.log, ['subscribe 1', 'cancel 1']);
    await host.fails('cancelled');
    assert.deepEqual(host.log, ['subscribe 1', 'cancel 1', 'subscribe 2']);
    host.notifies('d');
    assert.deepEqual(await words, ['notified b', 'notified c', 'notified d']);
    await next.return();
    assert.equal(host.log.at(-1), 'cancel 2');
  });

  it('unsubscribes when it is full, and subscribes again when it is empty', async () => {
    const host = new LaneHost();
    const events = host.reader();
    const first = nextOf(events, 1);
    host.notifies('first', ...Array.from({ length: 4_096 }, (_, n) => String(n)));
    host.notifies('on its way');
    await first;
    await host.fails('cancelled');
    assert.deepEqual(host.log, ['subscribe 1', 'cancel 1']);
    const words = await nextOf(events, 4_097);
    assert.equal(words.at(-1), 'notified on its way');
    assert.equal(events.take(), undefined);
    assert.deepEqual(host.log, ['subscribe 1', 'cancel 1', 'subscribe 2']);
    host.ends();
    assert.deepEqual(await restOf(events), ['terminated']);
  });

  it('does not cancel what is over', async () => {
    const host = new LaneHost();
    const events = host.reader();
    const first = nextOf(events, 1);
    host.notifies(...Array.from({ length: 4_000 }, () => 'x'));
    await first;
    host.ends();
    await events.return();
    assert.deepEqual(host.log, ['subscribe 1']);
    assert.equal((await restOf(host.reader())).at(-1), 'terminated');
  });

  it('fails when the host does, after what came before; another reader may try again', async () => {
    const host = new LaneHost();
    const events = host.reader();
    const waiting = events.next();
    host.notifies('a', 'b');
    await waiting;
    await host.fails('connection_lost');
    assert.deepEqual(await nextOf(events, 1), ['notified b']);
    await rejectsWith(events.next(), 'connection_lost');
    assert.equal((await events.next()).done, true);
    const again = host.reader().next();
    host.ends();
    assert.equal((await again).value?.type, 'terminated');
  });

  it('does not ask for ever where the host says that all was told, and told no end', async () => {
    const host = new LaneHost();
    const waiting = host.reader().next();
    host.answers();
    await rejectsWith(waiting, 'peer_failed');
    assert.deepEqual(host.log, ['subscribe 1']);
  });

  it('has one reader at a time', async () => {
    const host = new LaneHost();
    void host.reader().next();
    await rejectsWith(host.reader().next(), 'cell_busy');
  });
});
