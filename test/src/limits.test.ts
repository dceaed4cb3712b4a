import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodeModeError } from '../../src/errors.ts';
import { DEFAULT_SESSION_LIMITS, withDefaults } from '../../src/limits.ts';

type Given = Parameters<typeof withDefaults<typeof DEFAULT_SESSION_LIMITS>>[1];

function refuses(given: object, text: RegExp): void {
  assert.throws(
    () => withDefaults(DEFAULT_SESSION_LIMITS, given as Given),
    (error) =>
      error instanceof CodeModeError &&
      error.code === 'invalid_argument' &&
      text.test(error.message),
  );
}

describe('withDefaults', () => {
  it('fills in missing limits', () => {
    assert.deepEqual(withDefaults(DEFAULT_SESSION_LIMITS, undefined), DEFAULT_SESSION_LIMITS);
    const limits = withDefaults(DEFAULT_SESSION_LIMITS, { drainMs: 5, maxRunMs: undefined });
    assert.deepEqual(limits, { ...DEFAULT_SESSION_LIMITS, drainMs: 5 });
  });

  it('accepts zero and infinity', () => {
    const given = { maxLiveCells: 0, maxOutputLength: Number.POSITIVE_INFINITY };
    assert.deepEqual(withDefaults(DEFAULT_SESSION_LIMITS, given), {
      ...DEFAULT_SESSION_LIMITS,
      ...given,
    });
  });

  it('does not change the defaults', () => {
    const before = { ...DEFAULT_SESSION_LIMITS };
    withDefaults(DEFAULT_SESSION_LIMITS, { drainMs: 1 });
    assert.deepEqual(DEFAULT_SESSION_LIMITS, before);
  });

  it('refuses an unknown limit, and names it', () => {
    refuses({ maxCels: 1 }, /maxCels/);
    refuses({ toString: 1 }, /toString/);
  });

  it('refuses a value that is not a number of at least 0, and names it', () => {
    refuses({ drainMs: -1 }, /drainMs.*-1/);
    refuses({ drainMs: Number.NaN }, /drainMs.*NaN/);
    refuses({ drainMs: '5' }, /drainMs.*5/);
    refuses({ drainMs: null }, /drainMs.*null/);
  });
});
