import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_FRAME_BYTES, MessageReader, MessageWriter } from '../../../host/wire/framing.ts';
import type { Room } from '../../../sandbox/process/read-ahead.ts';

function bytesOf(bodies: readonly (string | Buffer)[]): Buffer {
  const chunks: Buffer[] = [];
  const writer = new MessageWriter((some) => chunks.push(...some));
  for (const body of bodies) writer.send(body);
  writer.flush();
  return Buffer.concat(chunks);
}

function readAll(reader: MessageReader): Buffer[] {
  const bodies: Buffer[] = [];
  for (let body = reader.next(); body !== null; body = reader.next()) bodies.push(body);
  return bodies;
}

/** Reads what belongs to a large message to its place, as `readAhead` does, and the rest as a stream does. */
function fill(reader: MessageReader, bytes: Buffer): void {
  const { room } = reader;
  const ahead = room === null ? 0 : bytes.copy(room.bytes, room.from, 0, room.to - room.from);
  if (ahead > 0) reader.filled(ahead);
  if (ahead < bytes.length) reader.push(bytes.subarray(ahead));
}

function push(reader: MessageReader, bytes: Buffer): void {
  reader.push(bytes);
}

function read(bytes: Buffer, cuts: readonly number[], put = push): Buffer[] {
  const reader = new MessageReader();
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((x, y) => x - y)];
  const bodies = edges.flatMap((edge, at) => {
    put(reader, bytes.subarray(edge, edges[at + 1] ?? bytes.length));
    return readAll(reader);
  });
  reader.end();
  return bodies;
}

function lengthPrefix(length: number): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(length);
  return prefix;
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', size: 'large' }),
  // Around the lengths from which on texts are measured and leave on their own.
  fc
    .tuple(
      fc.constantFrom('x', 'é', '€', '😀', '\ud800'),
      fc.constantFrom(1_023, 1_025, 2_731, 8_190),
    )
    .chain(([unit, about]) => fc.nat(4).map((more) => unit.repeat(about + more))),
);
const body = fc.oneof(
  text,
  text.map((some) => Buffer.from(some)),
);

describe('Framing', () => {
  it('is a little-endian length and the text in UTF-8', () => {
    const frame = bytesOf(['{"é":1}']);
    assert.deepEqual([...frame], [8, 0, 0, 0, 0x7b, 0x22, 0xc3, 0xa9, 0x22, 0x3a, 0x31, 0x7d]);
  });

  it('returns bodies unchanged, however the bytes are cut (property)', () => {
    const cuts = fc.array(fc.nat(), { maxLength: 30 });
    fc.assert(
      fc.property(fc.array(body, { maxLength: 12 }), cuts, (bodies, where) => {
        assert.deepEqual(
          read(bytesOf(bodies), where),
          bodies.map((some) => Buffer.from(some)),
        );
      }),
      { numRuns: 400 },
    );
  });

  it('returns bodies of which a part was read to its place (property)', () => {
    const size = fc.constantFrom(1, 100_000, 300_000, (2 << 20) + 1, 5 << 20);
    const large = fc.tuple(size, fc.nat(255)).map(([bytes, byte]) => Buffer.alloc(bytes, byte));
    const cuts = fc.array(fc.nat(), { maxLength: 9 });
    let filled = 0;
    const counting = (reader: MessageReader, bytes: Buffer) => {
      filled += Number(reader.room !== null);
      fill(reader, bytes);
    };
    fc.assert(
      fc.property(fc.array(large, { maxLength: 3 }), cuts, (bodies, where) => {
        const bytes = bytesOf(bodies);
        assert.ok(Buffer.concat(read(bytes, where, counting)).equals(Buffer.concat(bodies)));
        assert.equal(read(bytes, where, fill).length, bodies.length);
      }),
      { numRuns: 60 },
    );
    assert.ok(filled > 0);
  });

  it('has no room before a message is begun, or after it is whole, or for little', () => {
    const reader = new MessageReader();
    const bytes = bytesOf([Buffer.alloc(100_000, 1)]);
    assert.equal(reader.room, null);
    reader.push(bytes.subarray(0, 10));
    assert.equal(reader.room, null);
    assert.equal(reader.next(), null);
    const room = reader.room as Room | null;
    assert.deepEqual([room?.from, room?.to], [6, 100_000]);
    reader.push(bytes.subarray(10, 40_000));
    assert.equal(reader.room, null);
    assert.equal(reader.next(), null);
    assert.equal(reader.room, null);
    assert.throws(() => reader.end(), /ended after 39996 of 100000 bytes of a message/);
  });

  it('returns bodies that arrive byte by byte (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 20 }), { maxLength: 10 }), (texts) => {
        const bytes = bytesOf(texts);
        const cuts = Array.from(bytes.keys());
        assert.deepEqual(read(bytes, cuts).map(String), texts);
      }),
    );
  });

  it('returns bodies that are not taken between two chunks', () => {
    const reader = new MessageReader();
    const bytes = bytesOf(['one', 'two', 'three']);
    for (const byte of bytes) reader.push(Buffer.of(byte));
    assert.deepEqual(readAll(reader).map(String), ['one', 'two', 'three']);
  });

  it('reports what is missing if the bytes end within a message (property)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 9 }), { minLength: 1 }),
        fc.nat(),
        (texts, cut) => {
          const bytes = bytesOf(texts);
          const kept = cut % bytes.length;
          const reader = new MessageReader();
          reader.push(bytes.subarray(0, kept));
          const whole = readAll(reader).map(String);
          const used = bytesOf(whole).length;
          const size = Buffer.byteLength(texts[whole.length] ?? '');
          if (used === kept) return reader.end();
          const within = kept - used;
          const expected =
            within < 4
              ? `${within} of 4 bytes of a length`
              : `${within - 4} of ${size} bytes of a message`;
          assert.throws(() => reader.end(), {
            message: `Cannot read a message: the peer ended after ${expected}`,
          });
        },
      ),
    );
  });

  it('neither waits nor allocates for more than the maximum', () => {
    const reader = new MessageReader();
    const prefix = lengthPrefix(MAX_FRAME_BYTES + 1);
    reader.push(prefix.subarray(0, 3));
    assert.equal(reader.next(), null);
    reader.push(prefix.subarray(3));
    assert.throws(() => reader.next(), /its length is 67108865, at most 67108864 is allowed/);
    const whole = new MessageReader();
    whole.push(lengthPrefix(0xffffffff));
    assert.throws(() => whole.next(), /its length is 4294967295/);
  });

  it('allocates only for bytes that have arrived', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 100 }, () => new MessageReader());
    for (const reader of readers) {
      reader.push(Buffer.concat([lengthPrefix(MAX_FRAME_BYTES), Buffer.alloc(10)]));
      assert.equal(reader.next(), null);
    }
    const grownMiB = (process.memoryUsage().arrayBuffers - before) / 2 ** 20;
    assert.ok(grownMiB < 110, `${grownMiB} MiB`);
    assert.equal(readers.length, 100);
  });

  it('does not copy again what is a little larger than a mebibyte', () => {
    const reader = new MessageReader();
    const size = (1 << 20) + 200;
    const before = process.memoryUsage().arrayBuffers;
    reader.push(lengthPrefix(size));
    assert.equal(reader.next(), null);
    const chunk = Buffer.alloc(size / 4, 'x');
    let body: Buffer | null = null;
    for (let n = 0; n < 4; n += 1) {
      reader.push(chunk);
      body = reader.next();
    }
    assert.equal(body?.length, size);
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(grown <= 1.5 * size, `${grown} bytes`);
  });

  it('copies a maximum body that arrives in small chunks only a few times', () => {
    const reader = new MessageReader();
    const chunk = Buffer.alloc(1_024, 'x');
    reader.push(lengthPrefix(MAX_FRAME_BYTES));
    assert.equal(reader.next(), null);
    const start = performance.now();
    for (let left = MAX_FRAME_BYTES / chunk.length; left > 1; left -= 1) {
      reader.push(chunk);
      assert.equal(reader.next(), null);
    }
    reader.push(chunk);
    assert.equal(reader.next()?.length, MAX_FRAME_BYTES);
    assert.ok(performance.now() - start < 2_000);
    reader.end();
  });

  it('writes the messages of one turn together', async () => {
    const turns: (readonly Buffer[])[] = [];
    const writer = new MessageWriter((chunks) => turns.push(chunks));
    for (let n = 0; n < 100; n += 1) writer.send('x'.repeat(n));
    assert.equal(turns.length, 0);
    assert.equal(writer.gatheredBytes, 100 * 4 + 4_950);
    await new Promise((go) => process.nextTick(go));
    assert.equal(turns.length, 1);
    assert.equal(turns[0]?.length, 1);
    assert.equal(writer.gatheredBytes, 0);
    writer.send('again');
    // What continues in the same turn leaves together, too.
    await null;
    writer.send('and again');
    await new Promise((go) => process.nextTick(go));
    assert.equal(turns.length, 2);
  });

  it('never changes what it has written', () => {
    const chunks: Buffer[] = [];
    const writer = new MessageWriter((some) => chunks.push(...some));
    const copies: Buffer[] = [];
    for (let n = 0; n < 2_000; n += 1) {
      writer.send(`${n}`.repeat(20));
      writer.flush();
      copies.push(Buffer.from(chunks.at(-1)!));
    }
    assert.deepEqual(chunks, copies);
  });

  it('writes large buffers without a copy, and counts them', () => {
    const chunks: Buffer[] = [];
    const writer = new MessageWriter((some) => chunks.push(...some));
    const large = Buffer.alloc(100_000, 'x');
    writer.send('before');
    writer.send(large);
    writer.send('after');
    assert.equal(writer.gatheredBytes, 10 + 4 + large.length + 9);
    writer.flush();
    assert.ok(chunks.some((chunk) => chunk === large));
    assert.deepEqual(read(Buffer.concat(chunks), []).map(String), [
      'before',
      String(large),
      'after',
    ]);
  });

  it('refuses to send more than the maximum, and continues', () => {
    const chunks: Buffer[] = [];
    const writer = new MessageWriter((some) => chunks.push(...some));
    writer.send('good');
    assert.throws(() => writer.send(Buffer.alloc(MAX_FRAME_BYTES + 1)), /has 67108865 bytes/);
    assert.throws(() => writer.send('x'.repeat(MAX_FRAME_BYTES + 1)), RangeError);
    writer.send('too');
    writer.flush();
    assert.deepEqual(read(Buffer.concat(chunks), []).map(String), ['good', 'too']);
  });
});
