import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sessionCases } from '../../contract/session-contract.ts';
import { ALL_FEATURES, V1_FEATURES } from '../../contract/session-features.ts';

const list = (features: typeof ALL_FEATURES) =>
  sessionCases(() => Promise.reject(new Error('Nothing is run here')), features);

describe('The contract of sessions', () => {
  it('omits nothing for sessions of this project, and does not shrink', () => {
    const { cases, leftOut } = list(ALL_FEATURES);
    assert.deepEqual(leftOut, []);
    assert.ok(cases.length >= 110, `${cases.length} cases`);
  });

  it('has no two cases with the same name', () => {
    const names = list(ALL_FEATURES).cases.map(({ group, name }) => `${group}: ${name}`);
    assert.equal(new Set(names).size, names.length);
  });

  it('omits for version 1 only what it cannot express', () => {
    const { leftOut } = list(V1_FEATURES);
    const groups = new Set(leftOut.map((name) => name.slice(0, name.indexOf(':'))));
    assert.deepEqual(
      [...groups],
      [
        'cellClosed',
        'a cell that is observed until it is pending',
        'observers of frontiers',
        'a cell without an observer',
        'terminating a cell that is held',
        'the limits of a session',
        'the list of cells',
        'live events',
      ],
    );
  });
});
