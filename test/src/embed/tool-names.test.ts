import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkToolNames } from '../../../src/embed/tool-names.ts';

const tools = (...names: readonly string[]) => names.map((name) => ({ name, description: '' }));

describe('checkToolNames', () => {
  it('accepts names whose identifiers differ, and those that programs never reach', () => {
    checkToolNames('Cannot run', tools('a', 'A', 'a_', 'größe', 'grÖße', 'exec', 'exec'));
  });

  it('names two tools that would have the same identifier', () => {
    const check = () => checkToolNames('Cannot run', tools('x', 'a.b', 'a-b'));
    const message = 'Cannot run: the tools a.b and a-b would both be tools.a_b; rename one';
    assert.throws(check, { code: 'invalid_argument', message });
  });

  it('compares the identifiers that a host of version 1 makes', () => {
    const check = () => checkToolNames('Cannot run', tools('größe', 'gräße'), true);
    const message = 'Cannot run: the tools größe and gräße would both be tools.gr__e; rename one';
    assert.throws(check, { code: 'invalid_argument', message });
  });
});
