import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FrameReader } from '../../../sandbox/process/frame-reader.ts';
import { type Frame, FrameWriter, MAX_FRAME_BYTES } from '../../../sandbox/process/frames.ts';
import { JsonTexts } from '../../../sandbox/process/json-texts.ts';
import { Up } from '../../../sandbox/process/message-kinds.ts';

const u32 = fc.nat({ max: 2 ** 32 - 1 });
const frame: fc.Arbitrary<Frame> = fc.record(
  {
    kind: fc.nat({ max: 255 }),
    run: u32,
    a: u32,
    b: u32,
    texts: fc.array(fc.option(fc.string({ unit: 'grapheme', size: 'large' }), { nil: undefined }), {
      maxLength: 6,
    }),
  },
  { noNullPrototype: true },
);

function bytesOf(frames: readonly Frame[]): Buffer {
  const chunks: Buffer[] = [];
  const writer = new FrameWriter((chunk) => chunks.push(chunk));
  for (const { kind, run, a, b, texts } of frames) writer.send(kind, run, a, b, ...texts);
  writer.flush();
  return Buffer.concat(chunks);
}

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((x, y) => x - y)];
  return edges.map((edge, at) => bytes.subarray(edge, edges[at + 1] ?? bytes.length));
}

function read(bytes: Buffer, cuts: readonly number[], reader = new FrameReader()): Frame[] {
  return pieces(bytes, cuts).flatMap((piece) => reader.push(piece));
}

/** Reads what belongs to a large frame to its place, as `readAhead` does, and the rest as a stream does. */
function readAhead(bytes: Buffer, cuts: readonly number[], reader = new FrameReader()) {
  let filled = 0;
  const frames = pieces(bytes, cuts).flatMap((piece) => {
    const { room } = reader;
    const ahead = room === null ? 0 : piece.copy(room.bytes, room.from, 0, room.to - room.from);
    filled += ahead;
    const whole = ahead === 0 ? [] : reader.filled(ahead);
    return ahead < piece.length ? [...whole, ...reader.push(piece.subarray(ahead))] : whole;
  });
  return { frames, filled };
}

/** Reads frames as a sandbox process does: each piece comes in the same memory. */
function readInPlace(bytes: Buffer, cuts: readonly number[]): Frame[] {
  const reader = new FrameReader();
  const room = Buffer.alloc(bytes.length);
  return pieces(bytes, cuts).flatMap((piece) => {
    const frames = reader.push(room.subarray(0, piece.copy(room)));
    room.fill(0xff);
    return frames;
  });
}

describe('Frames', () => {
  it('come out as they went in, however the bytes are cut (property)', () => {
    const cuts = fc.array(fc.nat(), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), cuts, (frames, where) => {
        assert.deepEqual(read(bytesOf(frames), where), frames);
        assert.deepEqual(readInPlace(bytesOf(frames), where), frames);
      }),
      { numRuns: 500 },
    );
  });

  it('of which a part was read to its place come out the same, with the same checks (property)', () => {
    const size = fc.constantFrom(0, 40_000, 200_000, 400_000);
    const call = fc.tuple(size, fc.constantFrom('x', 'é')).map(([times, one]) => ({
      ...{ kind: Up.Call, run: 1, a: 2, b: 3 },
      texts: [JSON.stringify(one.repeat(times))],
    }));
    const cuts = fc.array(fc.nat(), { maxLength: 8 });
    const textOf = ({ texts, argument }: Frame) => argument?.text ?? texts[0];
    let total = 0;
    fc.assert(
      fc.property(fc.array(call, { maxLength: 3 }), cuts, (calls, where) => {
        const checking = new FrameReader(MAX_FRAME_BYTES, new JsonTexts());
        const { frames, filled } = readAhead(bytesOf(calls), where, checking);
        total += filled;
        assert.deepEqual(frames.map(textOf), calls.map(textOf));
        const unchecked = readAhead(bytesOf(calls), where);
        assert.deepEqual(unchecked.frames, calls);
      }),
      { numRuns: 60 },
    );
    assert.ok(total > 0);
    const bytes = bytesOf([{ kind: Up.Call, run: 1, a: 2, b: 3, texts: ['x'.repeat(200_000)] }]);
    const checking = new FrameReader(MAX_FRAME_BYTES, new JsonTexts());
    assert.throws(() => readAhead(bytes, [10, 20], checking), /a text is not JSON/);
  });

  it('of a large text arrive whole, byte by byte at the edges', () => {
    const text = 'é€😀'.repeat(700_000);
    const large: Frame = { kind: 2, run: 1, a: 0, b: 0, texts: [text, undefined, ''] };
    const bytes = bytesOf([large, large]);
    assert.deepEqual(read(bytes, [1, 2, 3, 4, 5, bytes.length / 2 + 1]), [large, large]);
  });

  it('that are large are decoded as they come, to the same and with the same checks (property)', () => {
    const size = fc.constantFrom(0, 1, 300_000, 700_000);
    const unit = fc.constantFrom('x', 'é', '€', '😀', '\\');
    const text = fc.option(
      fc.tuple(unit, size).map(([one, times]) => JSON.stringify(one.repeat(times))),
      { nil: undefined, freq: 9 },
    );
    const large = fc.record(
      {
        kind: fc.constantFrom(Up.Text, Up.Image, Up.Notify, Up.Writes, Up.End),
        run: u32,
        a: u32,
        b: u32,
        texts: fc.array(text, { minLength: 1, maxLength: 4 }),
      },
      { noNullPrototype: true },
    );
    const cuts = fc.array(fc.nat(), { maxLength: 6 });
    const edges = fc.array(fc.nat({ max: 40 }), { maxLength: 3 });
    fc.assert(
      fc.property(fc.array(large, { maxLength: 3 }), cuts, edges, (frames, where, near) => {
        const bytes = bytesOf(frames);
        const checking = () => new FrameReader(MAX_FRAME_BYTES, new JsonTexts());
        assert.deepEqual(read(bytes, [...where, ...near], checking()), frames);
      }),
      { numRuns: 60 },
    );
  });

  it('that are large and lie about their texts or have no JSON are refused, however they are cut', () => {
    const long = 'x'.repeat(400_000);
    const [text, writes] = [Up.Text, Up.Writes].map((kind) =>
      bytesOf([{ kind, run: 1, a: 0, b: 0, texts: ['key', JSON.stringify(long), 'last', '1'] }]),
    ) as [Buffer, Buffer];
    const with32 = (bytes: Buffer, at: number, value: number) => {
      const spoiled = Buffer.from(bytes);
      spoiled.writeUInt32LE(value, at);
      return spoiled;
    };
    const unquoted = Buffer.from(writes);
    unquoted[writes.indexOf('"x')] = 0x78;
    for (const [bytes, why] of [
      [with32(text, 18, 4), /a text ends outside it/],
      [with32(text, 18, 2), /bytes follow its texts/],
      [with32(text, 18, 500_000), /a text ends outside it/],
      [with32(writes, 18, 4), /a text is not JSON/],
      [with32(writes, 22, 0), /a text is not JSON/],
      [unquoted, /a text is not JSON/],
    ] as const) {
      for (const cuts of [[], [1], [5], [6, 7], [20], [70_000, 140_000], [bytes.length - 1]]) {
        const reader = new FrameReader(MAX_FRAME_BYTES, new JsonTexts());
        const all = [bytes.length - 3, ...cuts];
        assert.throws(() => read(bytes, all, reader), why, `${why} ${all}`);
      }
    }
    assert.equal(read(writes, [9], new FrameReader(MAX_FRAME_BYTES, new JsonTexts())).length, 1);
  });

  it('carry bytes as they are, large ones without a copy', () => {
    const small = Buffer.from('"é"');
    const large = Buffer.from(`"${'é'.repeat(40_000)}"`);
    const chunks: Buffer[] = [];
    const writer = new FrameWriter((chunk) => chunks.push(chunk));
    writer.send(1, 2, 3, 4, small);
    writer.send(1, 2, 3, 4, large);
    writer.send(1, 2, 3, 4, 'key', large);
    writer.flush();
    assert.ok(chunks.some(({ buffer }) => buffer === large.buffer));
    const found = new FrameReader().push(Buffer.concat(chunks));
    assert.deepEqual(
      found.map(({ texts }) => texts),
      [[String(small)], [String(large)], ['key', String(large)]],
    );
  });

  it('are written into the same memory again when their writer needs it no longer', () => {
    const waiting: { chunk: Buffer; taken: (() => void) | undefined }[] = [];
    const writer = new FrameWriter((chunk, taken) => waiting.push({ chunk, taken }));
    const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000));
    const write = (text: string) => {
      writer.send(1, 1, 0, 0, text);
      writer.flush();
      return waiting.at(-1)!;
    };
    const [first, second] = [write(texts[0]!), write(texts[1]!)];
    assert.notEqual(first.chunk.buffer, second.chunk.buffer);
    const read = () =>
      [first, second].flatMap(({ chunk }) => new FrameReader().push(chunk)[0]!.texts[0]!);
    assert.deepEqual(read(), texts.slice(0, 2));
    first.taken?.();
    const third = write(texts[2]!);
    assert.equal(third.chunk.buffer, first.chunk.buffer);
    assert.notEqual(write(texts[3]!).chunk.buffer, first.chunk.buffer);
    assert.deepEqual(read(), [texts[2], texts[1]]);
  });

  it('sent in one turn leave in one chunk', async () => {
    const chunks: Buffer[] = [];
    const writer = new FrameWriter((chunk) => chunks.push(chunk));
    for (let n = 0; n < 100; n += 1) writer.send(1, n, 0, 0, 'x'.repeat(n));
    assert.equal(chunks.length, 0);
    await new Promise((go) => process.nextTick(go));
    assert.equal(chunks.length, 1);
    assert.equal(new FrameReader().push(chunks[0]!).length, 100);
  });

  it('that lie about their length, their texts or their end are refused', () => {
    const good = bytesOf([{ kind: 1, run: 1, a: 1, b: 1, texts: ['abc', 'de'] }]);
    const spoil = (offset: number, value: number) => {
      const bad = Buffer.from(good);
      bad.writeUInt32LE(value, offset);
      return bad;
    };
    for (const bad of [
      spoil(0, 13),
      spoil(0, MAX_FRAME_BYTES + 1),
      spoil(18, 4),
      spoil(18, 2),
      spoil(22, 0xfffffffe),
      Buffer.from([14, 0, 0, 0, 1, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ]) {
      assert.throws(() => new FrameReader().push(bad), /Cannot read the frame/);
    }
  });

  it('made of any bytes are read or refused, never anything else (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          new FrameReader().push(Buffer.from(bytes));
        } catch (error) {
          assert.match(String(error), /^Error: Cannot read the frame/);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
