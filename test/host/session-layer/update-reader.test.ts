import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SessionFeed } from '../../../host/session-layer/session-feed.ts';
import { SessionTools } from '../../../host/session-layer/session-tools.ts';
import type { SessionUpdate } from '../../../host/session-layer/session-updates.ts';
import {
  MAX_UNREAD,
  MAX_UNREAD_BYTES,
  UpdateReader,
} from '../../../host/session-layer/update-reader.ts';
import { CodeModeError } from '../../../src/errors.ts';
import { rejectsWith, textItem } from '../../support/events.ts';
import { isSettled, settled } from '../../support/gates.ts';
import { toolCall } from '../../support/mcp-servers.ts';

const NEVER = new AbortController().signal;
const output = (text: string) => ({ type: 'output', cellId: '1', item: textItem(text) }) as const;
const END = { type: 'end', cellId: '1', end: { type: 'terminated' } } as const;

function setUp() {
  const reader = new UpdateReader();
  return { reader, feed: new SessionFeed(new SessionTools(), reader.sink) };
}

/** A reader for whom as much waits as may. */
function full() {
  const { reader, feed } = setUp();
  for (let n = 0; n < MAX_UNREAD; n += 1) feed.tell(output(`${n}`));
  return { reader, feed };
}

async function readAll(reader: UpdateReader): Promise<readonly SessionUpdate[]> {
  reader.end(new CodeModeError('session_closed', 'enough'));
  const updates: SessionUpdate[] = [];
  for (;;) {
    try {
      updates.push(await reader.read(NEVER));
    } catch {
      return updates;
    }
  }
}

describe('UpdateReader', () => {
  it('serves waiting readers in the order in which they asked', async () => {
    const { reader, feed } = setUp();
    const reads = [reader.read(NEVER), reader.read(NEVER)];
    feed.tell(output('a'));
    feed.tell(output('b'));
    assert.deepEqual(await Promise.all(reads), [output('a'), output('b')]);
  });

  it('gives the update that an aborted read missed to the next one', async () => {
    const { reader, feed } = setUp();
    const controller = new AbortController();
    const given = reader.read(controller.signal);
    const next = reader.read(NEVER);
    controller.abort(new Error('gone'));
    feed.tell(output('a'));
    await assert.rejects(given, /gone/);
    assert.deepEqual(await next, output('a'));
  });

  it('keeps 4,096 updates, reports how many are missing in their place, and continues', async () => {
    const { reader, feed } = full();
    feed.tell(output('lost'));
    feed.tell(output('lost too'));
    assert.deepEqual(await reader.read(NEVER), output('0'));
    feed.tell(output('fits again'));
    const rest = await readAll(reader);
    assert.equal(rest.length, MAX_UNREAD + 1);
    assert.deepEqual(rest.slice(-3), [
      output(`${MAX_UNREAD - 1}`),
      { type: 'gap', missed: 2 },
      output('fits again'),
    ]);
  });

  it('reports missing updates at the very end, too', async () => {
    const { reader, feed } = full();
    feed.tell(output('lost'));
    assert.deepEqual((await readAll(reader)).at(-1), { type: 'gap', missed: 1 });
  });

  it('never loses how a prompt ended', async () => {
    const { reader, feed } = full();
    feed.tell(output('lost'));
    feed.tell(END);
    feed.tell(output('lost'));
    const gap = { type: 'gap', missed: 1 };
    assert.deepEqual((await readAll(reader)).slice(-3), [gap, END, gap]);
  });

  it('refuses a call that it cannot keep', async () => {
    const { feed } = full();
    await rejectsWith(feed.invokeTool(toolCall('x'), NEVER), 'limit_exceeded');
  });

  it('is full with 16 MiB of updates, too', async () => {
    const { reader, feed } = setUp();
    const large = 'x'.repeat(MAX_UNREAD_BYTES / 4);
    feed.tell(output(large));
    assert.equal(reader.isFull, false);
    await feed.notify({ cellId: '1', callId: null, text: large }, NEVER);
    assert.equal(reader.isFull, true);
    feed.tell(output('lost'));
    await reader.read(NEVER);
    assert.equal(reader.isFull, false);
    assert.deepEqual((await readAll(reader)).at(-1), { type: 'gap', missed: 1 });
  });

  it('notifies senders that can wait when there is room', async () => {
    const { reader } = full();
    assert.equal(reader.isFull, true);
    const room = reader.room()!;
    assert.equal(await isSettled(room), false);
    await reader.read(NEVER);
    await room;
    assert.equal(reader.room(), undefined);
  });

  it('makes no sender wait once it has ended', async () => {
    const { reader } = full();
    const room = reader.room()!;
    reader.end(new Error('over'));
    await room;
    assert.equal(reader.isFull, false);
  });

  it('delivers notifications by keeping them', async () => {
    const { reader, feed } = setUp();
    await feed.notify({ cellId: '1', callId: 'c', text: 'hello' }, NEVER);
    assert.deepEqual(await reader.read(NEVER), {
      type: 'notification',
      cellId: '1',
      callId: 'c',
      text: 'hello',
    });
  });

  it('counts listeners that throw, and still calls the others', async () => {
    const { reader, feed } = setUp();
    const heard: SessionUpdate[] = [];
    reader.subscribe(() => {
      throw new Error('a bad listener');
    });
    const stop = reader.subscribe((update) => heard.push(update));
    feed.tell(output('a'));
    stop();
    feed.tell(output('b'));
    assert.deepEqual(heard, [output('a')]);
    assert.equal(reader.listenerFailures, 2);
  });

  it('does not deliver a call whose program is gone', async () => {
    const { reader, feed } = setUp();
    const controller = new AbortController();
    const call = feed.invokeTool(toolCall('x'), controller.signal);
    await settled();
    controller.abort(new Error('terminated'));
    await assert.rejects(call, /terminated/);
    feed.tell(output('a'));
    assert.deepEqual(await reader.read(NEVER), output('a'));
  });
});
