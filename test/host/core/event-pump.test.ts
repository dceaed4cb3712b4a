import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EventPump } from '../../../host/core/event-pump.ts';
import { FrameTooLargeError } from '../../../host/wire/frame-too-large.ts';
import type { CellEnd, LiveEvent, LiveNews } from '../../../src/live-events.ts';
import { EventReader } from '../../../src/runtime/event-reader.ts';
import { rejectsWith } from '../../support/events.ts';
import { isSettled } from '../../support/gates.ts';
import { told } from '../../support/live-events.ts';

/** Events with their places: the first is number 1. */
function placed(...events: readonly (LiveNews | CellEnd)[]): readonly LiveEvent[] {
  return events.map((event, at) => ({ seq: at + 1, atMs: 0, ...event }));
}

/** A reader of these events, of which all are there at once. */
function readerOf(events: readonly LiveEvent[]): EventReader {
  const source = { after: (seq: number) => events[seq], watch: () => () => {} };
  return new EventReader(() => source);
}

function notified(...texts: readonly string[]): readonly LiveNews[] {
  return texts.map((text) => ({ type: 'notified', text }));
}

/** Runs a pump, and gives what it sent: events of one message joined by commas. */
async function pumped(
  events: readonly (LiveNews | CellEnd)[],
  mostChars: number,
): Promise<readonly string[]> {
  const sent: string[] = [];
  await new EventPump().run(readerOf(placed(...events)), {
    events: (batch) => {
      const length = JSON.stringify(batch).length;
      if (length > mostChars) throw new FrameTooLargeError(length);
      sent.push(batch.map(told).join(', '));
      return undefined;
    },
    drained: () => undefined,
  });
  return sent;
}

describe('EventPump', () => {
  it('sends available events together, up to 1,024 events or 1 MiB', async () => {
    const many = notified(...Array.from({ length: 1_030 }, () => 'x'));
    const sizes = (await pumped([...many, { type: 'terminated' }], 1e9)).map(
      (message) => message.split(', ').length,
    );
    assert.deepEqual(sizes, [1_024, 7]);
    const large = notified('a', 'x'.repeat(1 << 19), 'b');
    const heads = (await pumped([...large, { type: 'terminated' }], 1e9)).map((message) =>
      message.split(', ').map((word) => word.slice(0, 10)),
    );
    assert.deepEqual(heads, [
      ['notified a', 'notified x'],
      ['notified b', 'terminated'],
    ]);
  });

  it('reports an event that is too large for a frame as a gap, and sends the others', async () => {
    const events = [...notified('a', 'x'.repeat(1_000), 'b'), { type: 'terminated' } as const];
    const want = ['notified a', 'gap 1', 'notified b', 'terminated'];
    assert.deepEqual(await pumped(events, 200), want);
  });

  it('fails if the end is too large for a frame', async () => {
    const end = { type: 'completed', failure: null, notes: ['x'.repeat(1_000)] } as const;
    await rejectsWith(pumped([...notified('a'), end], 200), 'limit_exceeded');
  });

  it('gives room to one of several pumps that wait for it', async () => {
    let room = Promise.withResolvers<void>();
    let isFull = true;
    let sent = 0;
    const outlet = {
      events: () => {
        sent += 1;
        isFull = true;
        room = Promise.withResolvers();
        return undefined;
      },
      drained: () => (isFull ? room.promise : undefined),
    };
    const pump = new EventPump();
    const runs = Promise.all(
      [1, 2, 3].map(() => pump.run(readerOf(placed({ type: 'terminated' })), outlet)),
    );
    for (const wanted of [0, 1, 2]) {
      assert.equal(await isSettled(runs), false);
      assert.equal(sent, wanted);
      isFull = false;
      room.resolve();
    }
    await runs;
    assert.equal(sent, 3);
  });
});
