import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LineSplitter } from '../../../host/mcp/line-splitter.ts';

describe('LineSplitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    const line = fc.string({ unit: 'binary' }).map((text) => text.replace(/[\r\n]/g, ' '));
    const cuts = fc.array(fc.nat({ max: 7 }));
    fc.assert(
      fc.property(fc.array(line), cuts, (lines, sizes) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const splitter = new LineSplitter(1 << 20);
        const found: string[] = [];
        let start = 0;
        for (const size of [...sizes, bytes.length]) {
          found.push(...splitter.push(bytes.subarray(start, start + size)));
          start += size;
        }
        assert.deepEqual(
          found,
          lines.map((text) => Buffer.from(text).toString()),
        );
      }),
    );
  });

  it('keeps a line that is not complete, and takes off a carriage return', () => {
    const splitter = new LineSplitter(10);
    assert.deepEqual([...splitter.push(Buffer.from('a\r\nb'))], ['a']);
    assert.deepEqual([...splitter.push(Buffer.from('c\n'))], ['bc']);
  });

  it('refuses a line that is too long', () => {
    const splitter = new LineSplitter(3);
    assert.deepEqual([...splitter.push(Buffer.from('abc\nab'))], ['abc']);
    assert.throws(() => [...splitter.push(Buffer.from('cd'))], RangeError);
  });
});
