import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  elementsOf,
  memberOf,
  membersOf,
  type Span,
  stringAt,
  wholeOf,
} from '../../../../host/acp/lines/json-spans.ts';

function parsedAt(text: Buffer, { start, end }: Span): unknown {
  return JSON.parse(text.toString('utf8', start, end));
}

/** JSON with every kind of space between its parts. */
const spacedJson = fc
  .tuple(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t', ' \r\n'))
  .map(([value, indent]) => Buffer.from(JSON.stringify(value, null, indent)));

describe('Spans of JSON', () => {
  it('find what JSON.parse finds', () => {
    fc.assert(
      fc.property(spacedJson, (text) => {
        const value: unknown = JSON.parse(text.toString());
        const members = [...membersOf(text, wholeOf(text))];
        const elements = [...elementsOf(text, wholeOf(text))];
        const isList = Array.isArray(value);
        const isObject = typeof value === 'object' && value !== null && !isList;
        const found = members.map(([key, span]) => [key, parsedAt(text, span)]);
        assert.deepEqual(found, isObject ? Object.entries(value) : []);
        const items = elements.map((span) => parsedAt(text, span));
        assert.deepEqual(items, isList ? value : []);
      }),
      { numRuns: 1000 },
    );
  });

  it('end for any bytes', () => {
    const ugly = fc.array(
      fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', ' ', '1', 'a', '\u{1f600}'),
    );
    fc.assert(
      fc.property(ugly, (pieces) => {
        const text = Buffer.from(pieces.join(''));
        for (const [, { start, end }] of membersOf(text, wholeOf(text))) assert.ok(start <= end);
        for (const { start, end } of elementsOf(text, wholeOf(text))) assert.ok(start < end);
      }),
      { numRuns: 1000 },
    );
  });

  it('find escaped keys, and the last of several', () => {
    const text = Buffer.from('{"a":1,"\\u0061":"x\\n\\"y\\\\","b":{}}');
    assert.equal(stringAt(text, memberOf(text, wholeOf(text), 'a')), 'x\n"y\\');
    assert.equal(stringAt(text, memberOf(text, wholeOf(text), 'b')), undefined);
    assert.equal(memberOf(text, wholeOf(text), 'c'), undefined);
  });

  it('take milliseconds for 16 MiB in one string', () => {
    const text = Buffer.from(JSON.stringify({ data: 'x'.repeat(1 << 24), id: 1 }));
    const began = performance.now();
    assert.equal(parsedAt(text, memberOf(text, wholeOf(text), 'id')!), 1);
    assert.ok(performance.now() - began < 50, `${performance.now() - began} ms`);
  });
});
