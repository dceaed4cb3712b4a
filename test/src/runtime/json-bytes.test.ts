import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jsonBytes } from '../../../src/runtime/json-bytes.ts';

describe('jsonBytes', () => {
  it('is the length of the JSON text without its quotes, in UTF-8', () => {
    const unit = fc.oneof(
      fc.integer({ min: 0, max: 0x7f }).map((code) => String.fromCharCode(code)),
      fc.constantFrom('é', '漢', '😀', '\u2028', '\u007f', '\u0085'),
    );
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        assert.equal(jsonBytes(text), Buffer.byteLength(JSON.stringify(text)) - 2);
      }),
    );
  });
});
