import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkJson, JsonScanner } from '../../../host/core/check-json.ts';

/** Whether `JSON.parse` takes the text. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether the scanner takes it, so many tokens at a time. */
function isScanned(text: string, maxTokens: number): boolean {
  const scanner = new JsonScanner(text);
  try {
    while (!scanner.scan(maxTokens));
    return true;
  } catch (error) {
    assert.ok(error instanceof SyntaxError);
    return false;
  }
}

describe('JsonScanner', () => {
  for (const text of [
    ...['', ' ', '{}', '[]', ' [ ] ', '[1,]', '[,1]', '{"a":1,}', '{,}', '{"a"}', '{"a":}', '1 2'],
    ...['[', ']', '{', '}', '[}', '{]', '"', '"\\', '"\\x"', '"\\u12g4"', '"\\u00e9"', '"a\nb"'],
    ...['-', '01', '1.', '.5', '-0', '1e5', '1e', '+1', 'tru', 'true', 'nullx', 'NaN', '\ufeff1'],
    ...['[[[]]]', '{"a":{"b":[null,true,false,"\u2028"]}}', '"\ud800"', ',', ':', '1,2', '[1 2]'],
  ]) {
    it(`takes ${JSON.stringify(text)} if and only if it is JSON`, () => {
      assert.equal(isScanned(text, 1), isJson(text));
      assert.equal(isScanned(text, 1_000), isJson(text));
    });
  }

  it('agrees with JSON.parse on values, and on texts with a few characters changed (property)', () => {
    const change = fc.record({
      at: fc.nat({ max: 200 }),
      drop: fc.nat({ max: 3 }),
      add: fc.oneof(
        fc.string({ maxLength: 3 }),
        fc.constantFrom('"', '\\', ',', ']', '}', '{', '1', 'e'),
      ),
    });
    fc.assert(
      fc.property(
        fc.json(),
        fc.array(change, { maxLength: 3 }),
        fc.integer({ min: 1, max: 9 }),
        (json, changes, step) => {
          let text = json;
          for (const { at, drop, add } of changes) {
            const place = at % (text.length + 1);
            text = text.slice(0, place) + add + text.slice(place + drop);
          }
          assert.equal(isScanned(text, step), isJson(text));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('reads so many tokens at a time', () => {
    const scanner = new JsonScanner(`[${'{},'.repeat(1_000)}1]`);
    let turns = 0;
    while (!scanner.scan(100)) turns += 1;
    assert.equal(turns, 30);
  });

  it('takes values that are 10,000 deep, and none deeper', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    assert.equal(isScanned(nested(10_000), 1_000), true);
    assert.equal(isScanned(nested(10_001), 1_000), false);
  });
});

describe('checkJson', () => {
  it('checks a short text in place', () => {
    assert.equal(checkJson('{"a":[1]}'), undefined);
    assert.throws(() => checkJson('{'), SyntaxError);
  });

  it('checks a long text in turns of a few milliseconds', async () => {
    const long = `[${'{},'.repeat(400_000)}{}]`;
    let turns = 0;
    const count = setInterval(() => {
      turns += 1;
    }, 0);
    await checkJson(long);
    await assert.rejects(checkJson(`${long}]`) ?? Promise.resolve(), SyntaxError);
    clearInterval(count);
    assert.ok(turns > 3, `others had ${turns} turns`);
  });
});
