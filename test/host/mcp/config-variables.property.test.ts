import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { withVariables } from '../../../host/mcp/config-variables.ts';

const plain = fc.stringMatching(/^[^$]*$/);
const name = fc.stringMatching(/^[A-Za-z_]\w*$/);
const fallback = fc.stringMatching(/^[^}]*$/);
const value = fc.string();

/** A piece of a text, what stands for it, and the variable that must be set. */
const piece = fc.oneof(
  plain.map((text) => ({ source: text, result: text, variable: null })),
  fc.record({ name, value }).map(({ name, value }) => ({
    source: `\${${name}}`,
    result: value,
    variable: [name, value] as const,
  })),
  fc.record({ name, fallback }).map(({ name, fallback }) => ({
    source: `\${UNSET_${name}:-${fallback}}`,
    result: fallback,
    variable: null,
  })),
  name.map((each) => ({ source: `$\${${each}}`, result: `\${${each}}`, variable: null })),
);

describe('withVariables', () => {
  it('fills in each variable where it stands, and changes nothing else', () => {
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const variables = new Map(pieces.flatMap(({ variable }) => (variable ? [variable] : [])));
        const source = pieces.map((each) => each.source).join('');
        const expected = pieces
          .map(({ result, variable }) => (variable ? variables.get(variable[0]) : result))
          .join('');
        assert.deepEqual(withVariables(source, Object.fromEntries(variables)), { text: expected });
      }),
    );
  });

  it('names a variable that is not set', () => {
    fc.assert(
      fc.property(plain, name, (text, unset) => {
        const filled = withVariables(`${text}\${${unset}}`, Object.create(null));
        assert.ok('problem' in filled && filled.problem.includes(` ${unset} is not set`));
      }),
    );
  });
});
