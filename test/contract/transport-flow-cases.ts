import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Transport } from '../../host/wire/transport.ts';
import { numbered, record, type TransportKind, turns } from './transport-peers.ts';

const KIB = 1 << 10;
const MIB = 1 << 20;

/** The flow of messages while nothing ends. */
export function flowCases({ connect }: TransportKind): void {
  it('delivers messages whole and in order, in both directions at once', async () => {
    const [left, right] = await connect();
    const [toLeft, toRight] = [record(left), record(right)];
    const texts = numbered(5_000);
    for (const [n, text] of texts.entries()) {
      left.send(text);
      right.send(Buffer.from(text));
      if (n % 501 === 500) await turns(1);
    }
    await Promise.all([toLeft.count(texts.length), toRight.count(texts.length)]);
    assert.deepEqual(toRight.texts, texts);
    assert.deepEqual(toLeft.texts, texts);
    await Promise.all([left.close(), right.close()]);
  });

  it('delivers any body unchanged: empty, one byte, not only ASCII, text or bytes', async () => {
    const [left, right] = await connect();
    const toRight = record(right);
    record(left);
    const texts = ['', '0', '{}', 'é😀'.repeat(700), '\u0000', ' '.repeat(9_000), ''];
    for (const text of texts) left.send(text);
    for (const text of texts) left.send(Buffer.from(text));
    for (const text of texts) left.send([Buffer.from(text)]);
    left.send([]);
    left.send(['[', 'x'.repeat(9_000), ',', ' '.repeat(100), ']'].map((part) => Buffer.from(part)));
    const inParts = ['', `[${'x'.repeat(9_000)},${' '.repeat(100)}]`];
    await toRight.count(texts.length * 3 + 2);
    assert.deepEqual(toRight.texts, [...texts, ...texts, ...texts, ...inParts]);
    await left.close();
  });

  it('delivers 20 MiB at once, text and bytes, among small messages, in both directions', async () => {
    const [left, right] = await connect();
    const [toLeft, toRight] = [record(left), record(right)];
    const text = 'ab€'.repeat(4 * MIB);
    const bytes = Buffer.from(text);
    for (const side of [left, right]) {
      side.send('before');
      side.send(text);
      side.send('between');
      side.send(bytes);
      side.send('after');
    }
    for (const received of [toLeft, toRight]) {
      await received.count(5);
      const [before, first, between, second, after] = received.bodies;
      assert.deepEqual([before, between, after].map(String), ['before', 'between', 'after']);
      assert.ok(first?.equals(bytes));
      assert.ok(second?.equals(bytes));
    }
    await Promise.all([left.close(), right.close()]);
  });

  it('loses nothing that arrives before start, not even the end', async () => {
    const [left, right] = await connect();
    record(left);
    const texts = numbered(300);
    for (const text of texts) left.send(text);
    void left.close();
    await turns();
    const toRight = record(right);
    assert.equal(toRight.bodies.length, 0, 'nothing comes within start');
    assert.equal(await toRight.end, null);
    assert.deepEqual(toRight.texts, texts);
  });

  it('stops at pause, even between messages of one chunk, and loses nothing', async () => {
    const [left, right] = await connect();
    const toLeft = record(left);
    const toRight = record(right, (_, count) => {
      if (count % 100 === 10) right.pause();
    });
    const texts = numbered(250);
    for (const text of texts) left.send(text);
    for (const stop of [10, 110, 210]) {
      await toRight.count(stop);
      right.send('paused');
      await toLeft.count((stop + 90) / 100);
      await turns();
      assert.equal(toRight.bodies.length, stop);
      right.resume();
    }
    await toRight.count(texts.length);
    assert.deepEqual(toRight.texts, texts);
    await left.close();
  });

  it('can be paused before start, and twice', async () => {
    const [left, right] = await connect();
    const toLeft = record(left);
    right.pause();
    right.pause();
    const toRight = record(right);
    left.send('first');
    right.send('paused');
    await toLeft.count(1);
    await turns();
    assert.equal(toRight.bodies.length, 0);
    right.resume();
    right.resume();
    await toRight.count(1);
    await left.close();
  });

  it('never delivers a message inside resume', async () => {
    const [left, right] = await connect();
    record(left);
    let isResuming = false;
    const toRight = record(right, (_, count) => {
      assert.ok(!isResuming);
      if (count < 3) right.pause();
    });
    for (const text of numbered(5)) left.send(text);
    for (const count of [1, 2]) {
      await toRight.count(count);
      isResuming = true;
      right.resume();
      isResuming = false;
    }
    await toRight.count(5);
    await left.close();
  });

  it('continues if pause and resume are called in place', async () => {
    const [left, right] = await connect();
    record(left);
    const toRight = record(right, () => {
      right.pause();
      right.resume();
    });
    const texts = numbered(600);
    for (const text of texts) left.send(text);
    await toRight.count(texts.length);
    assert.deepEqual(toRight.texts, texts);
    await left.close();
  });

  it('gives other work a turn while many messages arrive', async () => {
    const [left, right] = await connect();
    record(left);
    let [inTurn, most] = [0, 0];
    const toRight = record(right, () => {
      inTurn += 1;
      most = Math.max(most, inTurn);
    });
    const nextTurn = () => {
      inTurn = 0;
      if (toRight.bodies.length < 5_000) setImmediate(nextTurn);
    };
    nextTurn();
    for (let n = 0; n < 5_000; n += 1) left.send('0');
    await toRight.count(5_000);
    // One portion before the turn's immediates, one among them.
    assert.ok(most <= 512, `${most} messages came in one turn`);
    await left.close();
  });

  it('gives other work a turn while slow messages arrive', async () => {
    const [left, right] = await connect();
    record(left);
    let [inTurn, most] = [0, 0];
    const toRight = record(right, () => {
      const until = performance.now() + 1;
      while (performance.now() < until);
      inTurn += 1;
      most = Math.max(most, inTurn);
    });
    const nextTurn = () => {
      inTurn = 0;
      if (toRight.bodies.length < 50) setImmediate(nextTurn);
    };
    nextTurn();
    for (let n = 0; n < 50; n += 1) left.send('0');
    await toRight.count(50);
    assert.ok(most <= 4, `${most} messages of a millisecond came in one turn`);
    await left.close();
  });

  it('makes a sender wait that respects drained, and lets it continue', async () => {
    const highWaterBytes = 256 * KIB;
    const [left, right] = await connect({ highWaterBytes });
    record(left);
    assert.equal(left.drained(), undefined);
    const body = 'x'.repeat(64 * KIB);
    const sent = await sendUntilFull(left, body);
    assert.ok(left.queuedBytes < highWaterBytes + body.length + 100, `${left.queuedBytes} queued`);
    const room = left.drained();
    const toRight = record(right);
    await room;
    assert.ok(left.queuedBytes < highWaterBytes);
    await toRight.count(sent);
    while (left.queuedBytes > 0) await turns(1);
    assert.equal(left.drained(), undefined);
    await left.close();
  });

  it('makes a sender wait whose peer has paused, and continues where it stopped', async () => {
    const [left, right] = await connect({ highWaterBytes: 256 * KIB });
    record(left);
    const toRight = record(right, (_, count) => {
      if (count === 3) right.pause();
    });
    const sent = await sendUntilFull(left, 'x'.repeat(64 * KIB));
    await toRight.count(3);
    await turns();
    assert.equal(toRight.bodies.length, 3);
    right.resume();
    await toRight.count(sent);
    await left.close();
  });

  it('counts sent messages as queued at once, text in bytes', async () => {
    const [left, right] = await connect();
    left.send('€'.repeat(1_000));
    assert.ok(left.queuedBytes >= 3_000, `${left.queuedBytes} queued`);
    record(left);
    const toRight = record(right);
    await toRight.count(1);
    while (left.queuedBytes > 0) await turns(1);
    await left.close();
  });
}

/** Sends until `drained` stays pending; fails if that never happens. */
async function sendUntilFull(transport: Transport, body: string): Promise<number> {
  for (let sent = 1; sent < 1_000; sent += 1) {
    transport.send(body);
    const room = transport.drained();
    if (room === undefined) continue;
    const isStuck = await Promise.race([room.then(() => false), turns(50).then(() => true)]);
    if (isStuck) return sent;
  }
  assert.fail('64 MiB were sent to a peer that does not read');
}
