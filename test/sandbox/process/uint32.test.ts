import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readUint32, writeUint32 } from '../../../sandbox/process/uint32.ts';

describe('Numbers of 32 bits', () => {
  const number = fc.oneof(
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.constantFrom(0, 0x7fffffff, 0x80000000, 0xffffffff),
  );

  it('lie in bytes as Buffer writes them, and nothing beside them changes', () => {
    fc.assert(
      fc.property(number, fc.nat(8), (value, at) => {
        const [ours, wanted] = [Buffer.alloc(16, 0xa5), Buffer.alloc(16, 0xa5)];
        wanted.writeUInt32LE(value, at);
        writeUint32(ours, value, at);
        assert.deepEqual(ours, wanted);
      }),
    );
  });

  it('are read as Buffer reads them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 12 }), (bytes) => {
        const wanted = Buffer.from(bytes);
        for (let at = 0; at + 4 <= bytes.length; at += 1) {
          assert.equal(readUint32(bytes, at), wanted.readUInt32LE(at));
        }
      }),
    );
  });
});
