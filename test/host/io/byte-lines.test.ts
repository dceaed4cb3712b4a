import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteLines } from '../../../host/io/byte-lines.ts';

const NEWLINE = Buffer.from('\n');

describe('ByteLines', () => {
  it('loses and changes no byte, however the bytes are cut', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(bytes, fc.array(fc.nat({ max: 9 })), (all, sizes) => {
        const lines = new ByteLines(1 << 20);
        const found: Buffer[] = [];
        let start = 0;
        for (const size of [...sizes, all.length]) {
          for (const line of lines.push(all.subarray(start, start + size))) {
            assert.ok(!line.includes(NEWLINE));
            found.push(line, NEWLINE);
          }
          start += size;
        }
        assert.deepEqual(Buffer.concat([...found, lines.rest()]), all);
      }),
    );
  });

  it('refuses a line that is too long, ended or not', () => {
    const push = (text: string) => [...new ByteLines(3).push(Buffer.from(text))];
    assert.equal(push('abc\ndef\n').length, 2);
    assert.throws(() => push('abcd'), RangeError);
    assert.throws(() => push('abcd\n'), /a line is longer than 3 bytes/);
  });
});
