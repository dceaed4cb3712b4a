import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { Connection } from '../../../host/wire/connection.ts';
import { MAX_FRAME_BYTES } from '../../../host/wire/framing.ts';

const MEBI = 1 << 20;

/** A connection, and what its peer gets: the text of each message, and the end. */
function setUp() {
  const [ours, theirs] = memoryTransports();
  const got: string[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  theirs.start({ message: (body) => got.push(body.toString()), closed: () => resolve() });
  const connection = new Connection(ours);
  connection.start({ message: () => {}, closed: () => {} });
  return { connection, theirs, got, ended };
}

async function turns(count = 20): Promise<void> {
  for (let n = 0; n < count; n += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Pieces that come when the test opens the gate: until then, each takes a turn and is empty. */
function gated() {
  let isOpen = false;
  const drawn = { count: 0 };
  function* pieces(): Generator<string> {
    yield '"a';
    while (!isOpen) {
      drawn.count += 1;
      const until = performance.now() + 3;
      while (performance.now() < until);
      yield '';
    }
    yield 'b"';
  }
  const open = () => {
    isOpen = true;
  };
  return { pieces: pieces(), drawn, open };
}

describe('A large message that is sent', () => {
  it('arrives whole and before those behind it, while everything else has its turns', async () => {
    const { connection, got } = setUp();
    const { pieces, drawn, open } = gated();
    connection.send({ n: 1 });
    const sent = connection.sendPieces(pieces, () => 1_000);
    connection.send({ n: 2 });
    const last = connection.sendLarge({ text: 'x'.repeat(MEBI) });
    connection.sendText('"end"');
    await turns();
    assert.deepEqual(got, ['{"n":1}']);
    assert.ok(drawn.count > 10 && drawn.count < 60, `${drawn.count} pieces in 20 turns`);
    open();
    await Promise.all([sent, last]);
    await turns();
    const text = JSON.stringify({ text: 'x'.repeat(MEBI) });
    assert.deepEqual(got, ['{"n":1}', '"ab"', '{"n":2}', text, '"end"']);
    await connection.close();
  });

  it('is sent in place if that takes little time', async () => {
    const { connection, got } = setUp();
    assert.equal(connection.sendLarge({ text: 'x'.repeat(70_000) }), undefined);
    assert.equal(connection.drained(), undefined);
    await turns();
    assert.equal(got.length, 1);
    await connection.close();
  });

  it('counts as queued with all that waits behind it, and nothing more is to be sent meanwhile', async () => {
    const { connection } = setUp();
    const { pieces, open } = gated();
    const sent = connection.sendPieces(pieces, () => 5 * MEBI);
    const behind = connection.sendLarge({ text: 'x'.repeat(2 * MEBI) });
    connection.sendText(JSON.stringify('x'.repeat(MEBI)));
    assert.ok(connection.queuedBytes >= 8 * MEBI, `${connection.queuedBytes} bytes`);
    let isDrained = false;
    void connection.drained()?.then(() => {
      isDrained = true;
    });
    await turns();
    assert.equal(isDrained, false);
    open();
    await Promise.all([sent, behind]);
    await turns();
    assert.equal(isDrained, true);
    assert.equal(connection.queuedBytes, 0);
    assert.equal(connection.drained(), undefined);
    await connection.close();
  });

  it('is refused if it is too large, with its size; what is behind it is sent', async () => {
    const { connection, got } = setUp();
    const text = '\x01'.repeat(12 * MEBI);
    const sent = connection.sendLarge({ text });
    connection.send({ n: 2 });
    const message = `code-mode IPC frame length ${72 * MEBI + '{"text":""}'.length} exceeds ${MAX_FRAME_BYTES} bytes`;
    await assert.rejects(async () => sent, { code: 'limit_exceeded', message });
    await turns();
    assert.deepEqual(got, ['{"n":2}']);
    await connection.close();
  });

  it('is sent before the end when the connection closes, and nothing after it', async () => {
    const { connection, got, ended } = setUp();
    const { pieces, open } = gated();
    void connection.sendPieces(pieces, () => 1);
    connection.send({ n: 2 });
    const closed = connection.close();
    assert.equal(connection.isOpen, false);
    connection.send({ n: 3 });
    assert.equal(connection.sendLarge({ text: 'x'.repeat(MEBI) }), undefined);
    await turns();
    assert.deepEqual(got, []);
    open();
    await Promise.all([closed, ended]);
    assert.deepEqual(got, ['"ab"', '{"n":2}']);
  });

  it('is dropped with what waits behind it when the connection ends', async () => {
    const { connection, got } = setUp();
    const { pieces, drawn } = gated();
    const sent = connection.sendPieces(pieces, () => 1);
    const behind = connection.sendLarge({ text: 'x'.repeat(MEBI) });
    const drained = connection.drained();
    connection.fail(new Error('enough'));
    await Promise.all([sent, behind, drained]);
    assert.equal(connection.queuedBytes, 0);
    const { count } = drawn;
    await turns();
    assert.equal(drawn.count, count);
    assert.deepEqual(got, []);
  });

  it('does not let messages that come meanwhile reach a connection that closes', async () => {
    const [ours, theirs] = memoryTransports();
    theirs.start({ message: () => {}, closed: () => {} });
    const seen: unknown[] = [];
    const connection = new Connection(ours);
    connection.start({ message: (message) => seen.push(message), closed: () => {} });
    const { pieces, open } = gated();
    void connection.sendPieces(pieces, () => 1);
    const closed = connection.close();
    theirs.send('"late"');
    await turns();
    open();
    await closed;
    assert.deepEqual(seen, []);
  });

  it('keeps the order of any messages (property)', async () => {
    const size = fc.constantFrom(1, 100, 100_000, 3 * MEBI);
    await fc.assert(
      fc.asyncProperty(fc.array(size, { maxLength: 8 }), async (sizes) => {
        const { connection, got, ended } = setUp();
        const texts = sizes.map((length, n) => String(n).repeat(length));
        for (const text of texts) void connection.sendLarge([text]);
        await connection.close();
        await ended;
        assert.deepEqual(
          got,
          texts.map((text) => JSON.stringify([text])),
        );
      }),
      { numRuns: 30 },
    );
  });
});
