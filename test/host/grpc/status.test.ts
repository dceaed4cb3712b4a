import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  decodeStatusText,
  encodeStatusText,
  readStatus,
  Status,
} from '../../../host/grpc/status.ts';

const text = fc.string({ unit: 'binary', maxLength: 200 });

describe('The text of a status', () => {
  it('is encoded where it is a percent sign or not printable', () => {
    assert.equal(encodeStatusText('a `b` 100% "é"\n'), 'a `b` 100%25 "%C3%A9"%0A');
  });

  it('survives encoding (property)', () => {
    fc.assert(
      fc.property(text, (some) => {
        const encoded = encodeStatusText(some);
        assert.match(encoded, /^[\x20-\x7e]*$/);
        assert.equal(decodeStatusText(encoded), some.toWellFormed());
      }),
    );
  });

  it('is cut between characters to what fits in the headers (property)', () => {
    const long = fc
      .tuple(fc.constantFrom('x', 'é', '😀', '%'), fc.nat(3), fc.nat(9_000))
      .map(([unit, before, times]) => 'y'.repeat(before) + unit.repeat(times));
    fc.assert(
      fc.property(long, (some) => {
        const encoded = encodeStatusText(some);
        assert.ok(encoded.length <= 8_192);
        const decoded = decodeStatusText(encoded);
        assert.ok(some.startsWith(decoded));
        if (decoded !== some) assert.ok(encoded.length > 8_192 - 12);
      }),
    );
  });

  it('is read as it is if it is not encoded', () => {
    assert.equal(decodeStatusText('100% %zz %2'), '100% %zz %2');
    assert.equal(decodeStatusText('%e2%82%ac'), '€');
  });
});

describe('readStatus', () => {
  it('reads the numbers of all statuses, and takes anything else for unknown', () => {
    for (const status of Object.values(Status)) assert.equal(readStatus(String(status)), status);
    for (const other of ['17', '-1', '', 'x', undefined, ['0', '0'], '00x', '999']) {
      assert.equal(readStatus(other), Status.unknown);
    }
  });
});
