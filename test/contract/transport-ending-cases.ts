import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Transport } from '../../host/wire/transport.ts';
import { assertNoTimersLeft } from '../support/leaks.ts';
import { numbered, Recorder, record, type TransportKind, turns } from './transport-peers.ts';

const MIB = 1 << 20;

/** How either side ends. */
export function endingCases({ connect }: TransportKind): void {
  it('sends what is queued before it closes, then reports the end on both sides', async () => {
    const [left, right] = await connect();
    const [toLeft, toRight] = [record(left), record(right)];
    const texts = ['small', 'x'.repeat(8 * MIB), 'last'];
    for (const text of texts) left.send(text);
    await left.close();
    assert.ok(toLeft.isClosed, 'close resolved before closed was told');
    assert.equal(await toLeft.end, null);
    assert.equal(await toRight.end, null);
    assert.deepEqual(toRight.texts, texts);
  });

  it('can be closed by both sides at once, and twice', async () => {
    const [left, right] = await connect();
    const [toLeft, toRight] = [record(left), record(right)];
    left.send('from the left');
    await toRight.count(1);
    await Promise.all([left.close(), right.close(), left.close(), right.close()]);
    await left.close();
    assert.deepEqual([await toLeft.end, await toRight.end], [null, null]);
  });

  it('can answer the last messages of a peer that ends, in place', async () => {
    const [left, right] = await connect();
    const toRight = record(right, (body) => right.send(`got ${body}`));
    const answers = new Recorder();
    left.start(answers);
    left.send('one');
    await answers.count(1);
    void left.close();
    assert.equal(await toRight.end, null);
    assert.equal(await answers.end, null);
  });

  it('delivers no message after close was called', async () => {
    const [left, right] = await connect();
    record(left);
    const toRight = record(right, (_, count) => {
      if (count === 5) void right.close();
    });
    for (const text of numbered(50)) left.send(text);
    assert.equal(await toRight.end, null);
    assert.equal(toRight.bodies.length, 5);
    await left.close();
  });

  it('delivers no message after destroy, not even of the same chunk', async () => {
    const [left, right] = await connect();
    const toLeft = record(left);
    const toRight = record(right, (_, count) => {
      if (count === 5) right.destroy();
      assert.ok(!toRight.isClosed, 'closed came within destroy');
    });
    for (const text of numbered(50)) left.send(text);
    assert.equal(await toRight.end, null);
    assert.equal(toRight.bodies.length, 5);
    await toLeft.end;
  });

  it('destroyed with an error reports it, and the other side ends too', async () => {
    const [left, right] = await connect();
    const [toLeft, toRight] = [record(left), record(right)];
    const error = new Error('enough');
    left.destroy(error);
    left.destroy(new Error('too late'));
    assert.equal(await toLeft.end, error);
    await toRight.end;
    await Promise.all([left.close(), right.close()]);
  });

  it('destroyed before start reports that after start, and not inside it', async () => {
    const [left, right] = await connect();
    const error = new Error('enough');
    left.destroy(error);
    await left.close();
    const toLeft = record(left);
    assert.ok(!toLeft.isClosed);
    assert.equal(await toLeft.end, error);
    assert.throws(() => left.start(new Recorder()), /it is started/);
    right.destroy();
  });

  it('closed before start reports that once, whenever it is started', async () => {
    const [left, right] = await connect();
    record(right);
    left.send('hello');
    const over = left.close();
    const toLeft = record(left);
    await over;
    assert.equal(await toLeft.end, null);
    await turns();
  });

  it('does nothing after the end', async () => {
    const [left, right] = await connect();
    const [toLeft, toRight] = [record(left), record(right)];
    left.send('last');
    const over = left.close();
    poke(left);
    await over;
    poke(left);
    left.destroy(new Error('too late'));
    assert.equal(left.queuedBytes, 0);
    assert.equal(await toLeft.end, null);
    assert.equal(await toRight.end, null);
    assert.deepEqual(toRight.texts, ['last']);
    poke(right);
    await turns();
  });

  it('is open until it is closed or destroyed, and states how long a close may take', async () => {
    for (const end of ['close', 'destroy'] as const) {
      const [left, right] = await connect({ closeWithinMs: 700 });
      const [toLeft, toRight] = [record(left), record(right)];
      assert.equal(left.closeWithinMs, 700);
      assert.equal(left.isOpen, true);
      void left[end]();
      assert.equal(left.isOpen, false);
      await toLeft.end;
      await toRight.end;
      assert.equal(right.isOpen, false);
    }
  });

  it('releases waiting senders at the end', async () => {
    const [left, right] = await connect({ highWaterBytes: 1_000 });
    record(left);
    left.send('x'.repeat(4 * MIB));
    const room = left.drained();
    assert.ok(room !== undefined);
    left.destroy();
    await room;
    right.destroy();
  });

  it('destroyed while the peer does not read ends at once', async () => {
    const [left, right] = await connect();
    const toLeft = record(left);
    left.send('x'.repeat(16 * MIB));
    await turns();
    assert.ok(left.queuedBytes > 0);
    left.destroy();
    await Promise.resolve();
    assert.ok(toLeft.isClosed);
    right.destroy();
  });

  it('closed while the peer does not read waits for its time, then reports the loss', async () => {
    const [left, right] = await connect({ closeWithinMs: 30 });
    const toLeft = record(left);
    left.send('x'.repeat(16 * MIB));
    const start = performance.now();
    await left.close();
    assert.ok(performance.now() - start >= 29);
    const error = await toLeft.end;
    assert.match(
      String(error),
      /Cannot send \d{7,8} bytes to .+: it did not take them within 30 ms/,
    );
    right.destroy();
  });

  it('destroyed while it closes ends at once', async () => {
    const [left, right] = await connect();
    const toLeft = record(left);
    left.send('x'.repeat(16 * MIB));
    const over = left.close();
    await turns();
    left.destroy();
    await over;
    assert.equal(await toLeft.end, null);
    right.destroy();
  });

  it('reports the end to a paused side once it has everything', async () => {
    const [left, right] = await connect();
    record(left);
    const toRight = record(right, (_, count) => {
      if (count === 2) right.pause();
    });
    for (const text of numbered(3)) left.send(text);
    const over = left.close();
    await toRight.count(2);
    await turns();
    assert.equal(toRight.bodies.length, 2);
    right.resume();
    assert.equal(await toRight.end, null);
    assert.equal(toRight.bodies.length, 3);
    await over;
  });

  it('leaves no timer behind', async () => {
    await assertNoTimersLeft(async () => {
      const [left, right] = await connect();
      const toRight = record(right);
      record(left);
      left.send('hello');
      await left.close();
      await toRight.end;
      await right.close();
      await turns();
    });
  });
}

function poke(transport: Transport): void {
  transport.send('after the end');
  assert.equal(transport.drained(), undefined);
  transport.pause();
  transport.resume();
}
