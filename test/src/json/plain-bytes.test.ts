import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { endOfPlain, isPlain } from '../../../src/json/plain-bytes.ts';
import { loadPlainSearch } from '../../../src/json/plain-search.ts';

describe('The end of a run of plain bytes', () => {
  it('is the first quote, backslash or control character, wherever it is (property)', () => {
    const special = fc.constantFrom(0, 0x1f, 0x22, 0x5c);
    const plain = fc.constantFrom(0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xff);
    const length = fc.oneof(fc.nat({ max: 600 }), fc.nat({ max: 150_000 }));
    fc.assert(
      fc.property(length, plain, fc.nat(), special, fc.nat(), (size, fill, place, found, from) => {
        const bytes = Buffer.alloc(size + 1, fill);
        const at = place % bytes.length;
        bytes[at] = found;
        const start = from % bytes.length;
        assert.equal(endOfPlain(bytes, start, bytes.length), start <= at ? at : bytes.length);
        assert.equal(endOfPlain(bytes, start, Math.max(start, at)), Math.max(start, at));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is found with and without comparing many bytes at once', () => {
    const search = loadPlainSearch();
    assert.ok(search !== null);
    for (let byte = 0; byte < 256; byte += 1) {
      search.room.fill(0x20, 0, 32);
      search.room[16] = byte;
      assert.equal(search.plainBytes(32), isPlain(byte) ? 32 : 16, `byte ${byte}`);
    }
  });
});
