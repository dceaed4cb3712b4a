import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { toWireId, withExactId } from '../../../host/wire/exact-id.ts';

const id = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

describe('withExactId', () => {
  it('reads any 64-bit integer exactly, whatever else is in the message', () => {
    const message = fc.record({ id, before: fc.jsonValue(), inner: id, after: fc.jsonValue() });
    fc.assert(
      fc.property(message, ({ id, before, inner, after }) => {
        const [head, tail] = [JSON.stringify(before), JSON.stringify(after)];
        const text = `{"a":${head},"b":{"id":${inner}},"id":${id},"c":[{"id":${inner}}],"d":${tail}}`;
        const read = withExactId(JSON.parse(text), text) as { id: number | bigint };
        assert.equal(BigInt(read.id), id);
        assert.equal(typeof read.id, Number.isSafeInteger(Number(id)) ? 'number' : 'bigint');
        assert.equal(JSON.stringify({ id: toWireId(read.id) }), `{"id":${id}}`);
        const { id: _, ...rest } = read;
        const { id: __, ...expected } = JSON.parse(text) as { id: number };
        assert.deepEqual(rest, expected);
      }),
      { numRuns: 500 },
    );
  });

  it('reads the id of the message, not that of an unnamed part', () => {
    const text = '{"":{"id":9007199254740995},"id":9007199254740993}';
    const { id } = withExactId(JSON.parse(text), text) as { id: bigint };
    assert.equal(id, 9_007_199_254_740_993n);
  });

  it('leaves a message without such an id alone', () => {
    for (const text of ['null', '5', '[]', '{}', '{"id":"x"}', '{"id":1.5}', '{"id":7}']) {
      const message: unknown = JSON.parse(text);
      assert.equal(withExactId(message, text), message);
    }
    for (const text of ['{"id":1e300}', '{"id":9007199254740993.0}']) {
      const message: unknown = JSON.parse(text);
      assert.equal(withExactId(message, text), message, 'not written as an integer');
    }
  });
});
