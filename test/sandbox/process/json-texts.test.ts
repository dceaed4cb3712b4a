import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FrameReader } from '../../../sandbox/process/frame-reader.ts';
import { type Frame, FrameWriter } from '../../../sandbox/process/frames.ts';
import { JsonTexts, MEASURED_BYTES } from '../../../sandbox/process/json-texts.ts';
import { Up } from '../../../sandbox/process/message-kinds.ts';
import { readUpMessage } from '../../../sandbox/process/up-message.ts';
import { JsonScanner } from '../../../src/json/json-scanner.ts';

const KIB = 1 << 10;
/** A read of a pipe. */
const CHUNK_BYTES = 64 * KIB;

type Texts = readonly (string | undefined)[];

function bytesOf(frames: readonly (readonly [kind: number, texts: Texts])[]): Buffer {
  const chunks: Buffer[] = [];
  const writer = new FrameWriter((chunk) => chunks.push(chunk));
  for (const [kind, texts] of frames) writer.send(kind, 1, 1, 0, ...texts);
  writer.flush();
  return Buffer.concat(chunks);
}

/** Reads bytes in pieces of these sizes, in turn. @returns The texts of the frames; null if one is refused. */
function read(bytes: Buffer, sizes: readonly number[]): readonly Texts[] | null {
  const reader = new FrameReader(undefined, new JsonTexts());
  const found: Texts[] = [];
  try {
    for (let at = 0, n = 0; at < bytes.length; n += 1) {
      const size = sizes[n % sizes.length]!;
      for (const { texts } of reader.push(bytes.subarray(at, at + size))) found.push(texts);
      at += size;
    }
  } catch {
    return null;
  }
  return found;
}

const json = fc.constantFrom('1', '"é\\n"', '{"a":[1,-2.5e3]}', 'null', '[]');
const noJson = fc.constantFrom('', '{', '01', '[1,]', 'é', '1"');
const any = fc.oneof(json, noJson, fc.constant(undefined));
const good = fc.oneof(
  fc.tuple(fc.constant(Up.Call), fc.oneof(fc.tuple(json), fc.constant([]), fc.tuple(json, any))),
  fc.tuple(fc.constant(Up.Writes), fc.tuple(any, json, any, json)),
  fc.tuple(fc.constant(Up.Text), fc.array(any, { maxLength: 4 })),
);
const bad = fc.oneof(
  fc.tuple(fc.constant(Up.Call), fc.tuple(noJson)),
  fc.tuple(fc.constant(Up.Writes), fc.tuple(any, json, any, noJson)),
);
const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 });

describe('Texts that have to be JSON', () => {
  it('are checked, and no others, however the bytes are cut (property)', () => {
    fc.assert(
      fc.property(fc.array(good, { maxLength: 6 }), sizes, (frames, cuts) => {
        assert.deepEqual(
          read(bytesOf(frames), cuts),
          frames.map(([, texts]) => texts),
        );
      }),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(fc.array(good, { maxLength: 4 }), bad, sizes, (frames, last, cuts) => {
        assert.equal(read(bytesOf([...frames, last]), cuts), null);
      }),
      { numRuns: 1_000 },
    );
  });

  it('pass as bytes if they are the large argument of a call', () => {
    const json = JSON.stringify({ text: 'é'.repeat(40_000) });
    const bytes = bytesOf([[Up.Call, [json]]]);
    for (const size of [bytes.length, CHUNK_BYTES]) {
      const reader = new FrameReader(undefined, new JsonTexts());
      const frames = [];
      for (let at = 0; at < bytes.length; at += size) {
        frames.push(...reader.push(bytes.subarray(at, at + size)));
      }
      const [frame] = frames;
      assert.deepEqual([frames.length, frame?.kind, frame?.texts], [1, Up.Call, []]);
      assert.ok(typeof frame?.argument?.json === 'object');
      assert.equal(frame.argument.text, json);
    }
  });

  it('are measured as they come if they are very large, so that nobody decodes them for that', () => {
    const json = JSON.stringify('aé€😀'.repeat(500_000));
    const bytes = bytesOf([[Up.Call, [json]]]);
    assert.ok(bytes.length > MEASURED_BYTES);
    for (const size of [bytes.length, CHUNK_BYTES + 1]) {
      const reader = new FrameReader(undefined, new JsonTexts());
      const frames: Frame[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        frames.push(...reader.push(bytes.subarray(at, at + size)));
      }
      const frame = frames[0]!;
      assert.equal(frame.argumentLength, json.length);
      const message = readUpMessage(frame, json.length);
      assert.equal(message.type, 'call');
      assert.ok(typeof frame.argument?.json === 'object');
      assert.throws(() => readUpMessage(frame, json.length - 1), /a text has 2500002 characters/);
    }
  });

  it('have to be UTF-8 if they pass as bytes, and to fill their frame', () => {
    const good = bytesOf([[Up.Call, [JSON.stringify('x'.repeat(40_000))]]]);
    const noUtf8 = Buffer.from(good);
    noUtf8[100] = 0xff;
    const short = Buffer.from(good);
    short.writeUInt32LE(good.readUInt32LE(18) - 1, 18);
    const reader = () => new FrameReader(undefined, new JsonTexts());
    assert.throws(() => reader().push(noUtf8), /a text is not UTF-8/);
    assert.throws(() => reader().push(short), /Cannot read the frame/);
  });

  it('are looked at once, in each turn no further than what came in it', (t) => {
    let looked = 0;
    const push = JsonScanner.prototype.push;
    t.mock.method(JsonScanner.prototype, 'push', function (this: JsonScanner, bytes, start, end) {
      looked += end - start;
      return push.call(this, bytes, start, end);
    } as typeof push);
    const line = `[${Array(215).fill('{}').join(',')}]`;
    const page = `[${Array(215).fill(line).join(',')}]`;
    const text = `[${Array(215).fill(page).join(',')}]`;
    const bytes = bytesOf([[Up.Call, [text]]]);
    const reader = new FrameReader(undefined, new JsonTexts());
    let most = 0;
    let frames = 0;
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const before = looked;
      frames += reader.push(bytes.subarray(at, at + CHUNK_BYTES)).length;
      most = Math.max(most, looked - before);
    }
    assert.equal(frames, 1);
    assert.equal(looked, text.length);
    assert.ok(most <= CHUNK_BYTES, `${most} bytes in one turn`);
  });
});
