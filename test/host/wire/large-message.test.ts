import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { withExactId } from '../../../host/wire/exact-id.ts';
import {
  LargeMessage,
  type LargeMessageLimits,
  PIECE_BYTES,
  type ReadMessage,
} from '../../../host/wire/large-message.ts';
import type { ToolResultMessage } from '../../../host/wire/tool-result-message.ts';
import { JsonText } from '../../../src/delegate.ts';
import { ErrorText } from '../../../src/errors.ts';
import { JsonScanner } from '../../../src/json/json-scanner.ts';

const NO_LIMITS: LargeMessageLimits = {
  maxParsedBytes: Number.POSITIVE_INFINITY,
  maxTools: Number.POSITIVE_INFINITY,
  maxOtherValues: Number.POSITIVE_INFINITY,
  maxSchemaValues: Number.POSITIVE_INFINITY,
};

/** Reads it to the end. @throws What reading throws. */
function readAll(text: string | Buffer, limits: Partial<LargeMessageLimits> = {}): ReadMessage {
  const large = new LargeMessage(Buffer.from(text), { ...NO_LIMITS, ...limits });
  for (;;) {
    const read = large.readOn();
    if (read !== null) return read;
  }
}

/** What is carried in it, and the message with that in its places. */
function whole({ message }: ReadMessage): {
  readonly message: unknown;
  readonly carried: string[];
} {
  const carried: string[] = [];
  const take = (bytes: string | Uint8Array) => {
    carried.push(Buffer.from(bytes).toString());
    return JSON.parse(carried.at(-1)!) as unknown;
  };
  const put = (value: unknown): unknown => {
    if (value instanceof JsonText) return take(value.json);
    if (value instanceof ErrorText) return take(value.bytes);
    if (Array.isArray(value)) return value.map(put);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, put(member)]));
  };
  return { message: put(message), carried };
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
const outcome = fc.oneof(
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
  objectText({
    status: often('"error"'),
    message: fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  }),
  anyText,
);
const tool = objectText({
  name: often('"t"'),
  tool_name: often('{"name":"t","namespace":null}'),
  input_schema: anyText,
  output_schema: anyText,
});
const tools = fc.array(tool, { maxLength: 3 }).map((list) => `[ ${list.join(' , ')} ]`);
const request = objectText({
  method: often('"session/execute"'),
  request: fc.oneof(objectText({ source: anyText, enabled_tools: tools }), anyText),
});
const message = fc.oneof(
  objectText({ type: often('"delegate/response"'), id: often('7'), result: outcome }),
  objectText({ type: often('"operation/request"'), id: often('7'), request }),
);
/** The message of an error that is no text: no message may have it, so false stands for it. */
const WRONG = /"message"\s*:\s*[^"\s]/;

describe('LargeMessage', () => {
  it('reads what JSON.parse reads, and carries what nobody looks into byte by byte (property)', () => {
    let passed = 0;
    fc.assert(
      fc.property(message, (text) => {
        const read = whole(readAll(text));
        assert.deepEqual(read.message, withExactId(JSON.parse(text), text));
        for (const carried of read.carried) assert.ok(text.includes(carried));
        passed += read.carried.length;
      }),
      { numRuns: 5_000 },
    );
    assert.ok(passed > 1_000, `${passed} values were carried`);
  });

  it('carries the results, the errors and the schemas of tools, and null as nothing', () => {
    const schema = '{ "type": "object" }';
    const list = `[{"name":"a","input_schema":${schema},"output_schema":null},{"input_schema": true}]`;
    for (const [text, carried] of [
      ['{"result":{"value":{"result": [1.0] }}}', ['[1.0]']],
      ['{"r\\u0065sult":{"message":"\\u00e9"}}', ['"\\u00e9"']],
      [`{"request":{"request":{"enabled_tools":${list}}}}`, [schema, 'true']],
      ['{"result":{"value":{"result":null}}}', []],
      ['{"request":{"input_schema":{}},"value":{"result":1}}', []],
    ] as const) {
      assert.deepEqual(whole(readAll(text)).carried, carried);
    }
    const { message: read } = readAll('{"result":{"message":"\\u00e9"}}');
    assert.equal((read as { result: { message: ErrorText } }).result.message.text, 'é');
  });

  it('puts what is no text for the message of an error where no message has it', () => {
    for (const json of ['7', '[1]', '{}']) {
      const { message: read } = readAll(`{"result":{"message":${json}}}`);
      assert.deepEqual(read, { result: { message: false } });
    }
  });

  it('keeps an id that no number is exact enough for', () => {
    const { message: read } = readAll('{"x":{"id":5},"id": 9223372036854775807 }');
    assert.deepEqual(read, { x: { id: 5 }, id: 9223372036854775807n });
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
          wanted = withExactId(JSON.parse(text), text);
        } catch {
          return assert.throws(() => readAll(text), /Cannot read a message: it is not JSON/);
        }
        if (!WRONG.test(text)) assert.deepEqual(whole(readAll(text)).message, wanted);
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
      const large = new LargeMessage(Buffer.from(text), { ...NO_LIMITS, maxOtherValues: 0 });
      let turns = 1;
      let read = large.readOn();
      for (; read === null; turns += 1) read = large.readOn();
      const { result: carried } = (read.message as ToolResultMessage).result.value;
      assert.equal(String((carried as JsonText).json), result);
      assert.ok(turns >= size / PIECE_BYTES, `${turns} turns`);
    }
    assert.equal(most, PIECE_BYTES);
  });

  describe('with more than is allowed', () => {
    const many = `[${'0,'.repeat(100)}0]`;
    const execute = (fields: string) =>
      `{"type":"operation/request","id":7,"request":{"method":"session/execute","request":{${fields}}}}`;
    const toolsWith = (schema: string) => `"enabled_tools":[{"input_schema":${schema}},{}]`;

    it('refuses a request, and tells which and why', () => {
      for (const [text, limits, why] of [
        [execute(`"x":${many}`), { maxOtherValues: 102 }, /more than 102 values besides its tools/],
        [
          `{"id":7,"request":${many},"type":"operation/request"}`,
          { maxOtherValues: 101 },
          /101 values/,
        ],
        [execute('"a":1,"b":2'), { maxOtherValues: 1 }, /more than 1 values besides/],
        [execute(toolsWith('1')), { maxTools: 1 }, /more than 1 tools/],
        [execute(toolsWith(many)), { maxSchemaValues: 101 }, /more than 101 values in schemas/],
        [execute(`"source":"${'x'.repeat(900)}"`), { maxParsedBytes: 900 }, /more than 900 bytes/],
      ] as const) {
        const { message: left, refused } = readAll(text, limits);
        assert.deepEqual(left, { type: 'operation/request', id: 7, request: null });
        assert.equal(refused?.code, 'limit_exceeded');
        assert.match(refused.message, why);
      }
    });

    it('takes exactly as much as is allowed', () => {
      for (const [text, limits] of [
        [execute(`"x":${many}`), { maxOtherValues: 103 }],
        [execute(toolsWith(many)), { maxSchemaValues: 102, maxTools: 2, maxOtherValues: 0 }],
        [execute(toolsWith(many)), { maxParsedBytes: execute(toolsWith('')).length }],
        ['{"result":{"value":{"result":[1,2,3]}}}', { maxSchemaValues: 0, maxOtherValues: 0 }],
      ] as const) {
        const read = readAll(text, limits);
        assert.equal(read.refused, undefined);
        assert.deepEqual(whole(read).message, JSON.parse(text));
      }
    });

    it('refuses any other message, also one that hides them', () => {
      const pad = ' '.repeat(20_000);
      for (const text of [
        many,
        `{"result":{"value":{"result":1,"x":${many}${pad}}}}`,
        `{"request":1,"x":${many}${pad}}`,
        `{"request":1,"request":2,"x":${many}}`,
      ]) {
        assert.throws(() => readAll(text, { maxOtherValues: 101 }), /more than 101 values/);
        const read = whole(readAll(text, { maxOtherValues: 200 }));
        assert.deepEqual(read.message, JSON.parse(text));
      }
    });
  });
});
