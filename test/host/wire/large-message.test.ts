import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LargeMessage, PIECE_BYTES, type ReadMessage } from '../../../host/wire/large-message.ts';
import { isToolResult } from '../../../host/wire/tool-result-message.ts';
import { JsonScanner } from '../../../src/json/json-scanner.ts';

/** Reads it to the end. @throws What reading throws. */
function readAll(text: string | Buffer, maxValues = Number.POSITIVE_INFINITY): ReadMessage {
  const large = new LargeMessage(Buffer.from(text), maxValues);
  for (;;) {
    const read = large.readOn();
    if (read !== null) return read;
  }
}

/** The whole message again: what was read, with the result in its place. */
function whole({ message, result }: ReadMessage): unknown {
  if (result === undefined) return message;
  assert.ok(isToolResult(message));
  const value = { ...message.result.value, result: JSON.parse(result.toString()) as unknown };
  return { ...message, result: { ...message.result, value } };
}

const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' });

/** An object as JSON text, with its members in any order, spaces anywhere, and perhaps one twice. */
function objectText(members: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<string> {
  const keys = Object.keys(members);
  const order = fc.shuffledSubarray(keys, { minLength: keys.length });
  const more = fc.option(fc.constantFrom(...keys), { nil: undefined, freq: 6 });
  const space = fc.constantFrom('', '', ' ', '\n\t');
  return fc.tuple(order, more, space, fc.record(members)).map(([names, twice, gap, texts]) => {
    const all = twice === undefined ? names : [...names, twice];
    const written = all.map((name) => `${gap}"${name}"${gap}:${gap}${texts[name]}`);
    return `{${written.join(`${gap},`)}${gap}}`;
  });
}

const jsonText = json.map((value) => JSON.stringify(value));
const anyText = fc.oneof(jsonText, fc.constantFrom('"tool/result"', '"ok"', '7', 'null', '0'));
const often = (text: string) => fc.oneof({ arbitrary: fc.constant(text), weight: 12 }, anyText);
const message = objectText({
  type: often('"delegate/response"'),
  id: often('7'),
  result: fc.oneof(
    {
      arbitrary: objectText({
        status: often('"ok"'),
        value: fc.oneof(
          { arbitrary: objectText({ type: often('"tool/result"'), result: jsonText }), weight: 9 },
          anyText,
        ),
      }),
      weight: 9,
    },
    anyText,
  ),
});

describe('LargeMessage', () => {
  it('reads what JSON.parse reads, and passes a result on byte by byte (property)', () => {
    let passed = 0;
    fc.assert(
      fc.property(message, (text) => {
        const read = readAll(text);
        assert.deepEqual(whole(read), JSON.parse(text));
        if (read.result !== undefined) {
          passed += 1;
          assert.ok(text.includes(read.result.toString()));
        }
      }),
      { numRuns: 5_000 },
    );
    assert.ok(passed > 300, `${passed} results`);
  });

  it('refuses what JSON.parse refuses (property)', () => {
    const spoiled = fc
      .tuple(message, fc.nat(), fc.nat({ max: 2 }), fc.constantFrom('', '"', '}', '{', ',', 'x'))
      .map(([text, at, cut, piece]) => {
        const from = at % (text.length + 1);
        return (text.slice(0, from) + piece + text.slice(from + cut)).toWellFormed();
      });
    fc.assert(
      fc.property(spoiled, (text) => {
        let wanted: unknown;
        try {
          wanted = JSON.parse(text);
        } catch {
          return assert.throws(() => readAll(text), /Cannot read a message: it is not JSON/);
        }
        assert.deepEqual(whole(readAll(text)), wanted);
      }),
      { numRuns: 5_000 },
    );
  });

  it('refuses what is not UTF-8', () => {
    const bytes = Buffer.from('{"type":"x"}');
    bytes[9] = 0xff;
    assert.throws(() => readAll(bytes), /it is not UTF-8/);
  });

  it('looks at no more than a piece at a time, whatever the message is', (t) => {
    let most = 0;
    const push = JsonScanner.prototype.push;
    t.mock.method(JsonScanner.prototype, 'push', function (this: JsonScanner, bytes, start, end) {
      most = Math.max(most, end - start);
      return push.call(this, bytes, start, end);
    } as typeof push);
    const size = 3 << 20;
    for (const result of [
      `"${'x'.repeat(size)}"`,
      `"${'\\u0041'.repeat(size / 6)}"`,
      `[${'{},'.repeat(size / 3)}1]`,
      '['.repeat(size / 2) + ']'.repeat(size / 2),
      '1'.repeat(size),
    ]) {
      const text = `{"type":"delegate/response","id":1,"result":{"status":"ok","value":{"type":"tool/result","result":${result}}}}`;
      const large = new LargeMessage(Buffer.from(text), 0);
      let turns = 1;
      let read = large.readOn();
      for (; read === null; turns += 1) read = large.readOn();
      assert.equal(read.result?.toString(), result);
      assert.ok(turns >= size / PIECE_BYTES, `${turns} turns`);
    }
    assert.equal(most, PIECE_BYTES);
  });

  describe('with more values than allowed', () => {
    const many = `[${'0,'.repeat(100)}0]`;

    it('refuses a request, and tells which', () => {
      for (const text of [
        `{"type":"operation/request","id":7,"request":${many}}`,
        `{"request":${many},"id":7,"type":"operation/request"}`,
      ]) {
        const { message: left, refused } = readAll(text, 101);
        assert.deepEqual(left, { type: 'operation/request', id: 7, request: null });
        assert.equal(refused?.code, 'limit_exceeded');
        assert.match(refused.message, /more than 101 values/);
        assert.equal(readAll(text, 102).refused, undefined);
      }
    });

    it('refuses any other message, also one that hides them', () => {
      // What surrounds a large value is short enough to be parsed at once, or looked at, too.
      const pad = ' '.repeat(20_000);
      for (const text of [
        many,
        `{"result":{"value":{"result":${many}}}}`,
        `{"result":{"value":{"result":1,"x":${many}${pad}}}}`,
        `{"request":1,"x":${many}${pad}}`,
        `{"type":"delegate/response","id":1,"result":{"status":"ok","value":{"type":"tool/result","result":1}},"y":${pad}${many}}`,
      ]) {
        assert.throws(() => readAll(text, 101), /more than 101 values/, text.slice(0, 80));
        assert.deepEqual(readAll(text, 200).message, JSON.parse(text));
      }
    });
  });
});
