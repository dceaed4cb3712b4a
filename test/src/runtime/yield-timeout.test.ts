import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { yieldTimeoutMs } from '../../../src/runtime/yield-timeout.ts';

const NONE = Number.POSITIVE_INFINITY;

/** The limit of the session, the requested time and the result, in milliseconds. */
const TRIPLES: readonly (readonly [number, number, number])[] = [
  [NONE, 0, 0],
  [NONE, 9_999, 9_999],
  [NONE, 10_000, 11_000],
  [NONE, 10_001, 11_001],
  [0, 60_000, 0],
  [5_000, 9_999, 5_000],
  [10_000, 10_000, 10_000],
  [10_500, 10_000, 10_500],
  [11_000, 10_000, 11_000],
  [12_000, 10_000, 11_000],
  [10_500, 5_000, 5_000],
  [NONE, Number.MAX_VALUE, Number.MAX_VALUE],
  [NONE, NONE, NONE],
];

describe('yieldTimeoutMs', () => {
  for (const [limitMs, requestedMs, expectedMs] of TRIPLES) {
    it(`makes ${expectedMs} of ${requestedMs} under a limit of ${limitMs}`, () => {
      assert.equal(yieldTimeoutMs(requestedMs, limitMs), expectedMs);
    });
  }
});
