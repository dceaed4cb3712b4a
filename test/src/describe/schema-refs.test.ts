import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { schemaToTypescript } from '../../../src/describe/schema-to-typescript.ts';
import { assertTypes, objectSchema } from '../../support/schema-types.ts';

const string = { type: 'string' };
const number = { type: 'number' };

describe('References of a schema', () => {
  it('expands a recursive reference twice, whatever its spelling', () => {
    const node = objectSchema({
      children: { type: 'array', items: { $ref: '#/$defs/tree~1no%64e~0' } },
    });
    const schema = { $ref: '#/$defs/tree~1node~0', $defs: { 'tree/node~': node } };
    assertTypes([[schema, '{ children?: Array<{ children?: Array<unknown>; }>; }']]);
  });

  it('follows a reference to the whole document', () => {
    const schema = objectSchema({ next: { $ref: '#' } });
    assertTypes([
      [schema, '{ next?: { next?: { next?: unknown; }; }; }'],
      [{ $ref: '#' }, 'unknown'],
    ]);
  });

  it('counts expansions for each path on its own', () => {
    const schema = {
      prefixItems: [1, 2, 3, 4].map(() => ({ $ref: '#/$defs/a' })),
      $defs: { a: string },
    };
    assertTypes([[schema, '[string, string, string, string]']]);
  });

  it('decodes a tilde last', () => {
    const $defs = { '~1': string, '/': number };
    assertTypes([[{ $ref: '#/$defs/~01', $defs }, 'string']]);
  });

  it('follows pointers through lists and percent-encoded names', () => {
    const schema = {
      prefixItems: [string, { $ref: '#/prefixItems/0' }, { $ref: '#/$defs/a%20b' }],
      $defs: { 'a b': number },
    };
    assertTypes([[schema, '[string, string, number]']]);
  });

  it('renders what cannot be resolved as unknown', () => {
    const refs = ['#/$defs/b', '#a', 'a.json', 'https://x/#/$defs/a', '', '#/%', '#/list/length'];
    refs.push('#/$defs/toString', '#/list/-1', `#/${'a'.repeat(100_000)}`);
    for (const $ref of refs) {
      assertTypes([[{ $ref, $defs: { a: string }, list: [string] }, 'unknown']]);
    }
    assertTypes([[{ $ref: 5, type: 'string' }, 'string']]);
  });

  it('joins a reference with its siblings', () => {
    const $defs = { a: string, u: true };
    assertTypes([
      [{ $ref: '#/$defs/a', const: 'A', $defs }, '(string) & ("A")'],
      [{ $ref: '#/$defs/a', title: 'A', $defs, definitions: {} }, 'string'],
      [{ $ref: '#/$defs/u', const: 'A', $defs }, '"A"'],
      [{ $ref: '#/$defs/none', const: 'A', $defs }, '"A"'],
      [{ $ref: '#/$defs/u', $defs }, 'unknown'],
      [
        { anyOf: [{ $ref: '#/$defs/a', enum: [1, 2] }, number], $defs },
        '(string) & (1 | 2) | number',
      ],
    ]);
  });

  it('does not follow references below a nested $id', () => {
    const nested = objectSchema({ value: { $ref: '#/$defs/a' } }, { $id: 'https://x/nested' });
    const $defs = { a: string, nested };
    const type = '{ nested?: { value?: unknown; }; }';
    assertTypes([
      [objectSchema({ nested }, { $defs }), type],
      [objectSchema({ nested: { $ref: '#/$defs/nested' } }, { $defs }), type],
      [{ $ref: '#/$defs/nested/properties/value', $defs }, 'unknown'],
      [{ $id: 'https://x/root', $ref: '#/$defs/a', $defs }, 'string'],
      [objectSchema({ $id: { $ref: '#/$defs/a' } }, { $defs }), '{ $id?: string; }'],
    ]);
  });

  it('expands 32 references, not counting those without a target', () => {
    const dangling = Array.from({ length: 32 }, () => ({ $ref: '#/$defs/none' }));
    const valid = Array.from({ length: 34 }, () => ({ $ref: '#/$defs/a' }));
    const types = [
      ...Array.from({ length: 32 }, () => 'unknown'),
      ...Array.from({ length: 32 }, () => 'string'),
      'unknown',
      'unknown',
    ];
    assertTypes([
      [{ prefixItems: [...dangling, ...valid], $defs: { a: string } }, `[${types.join(', ')}]`],
    ]);
  });

  it('resolves in the given documents, the first that has the target', () => {
    const schema = { prefixItems: [{ $ref: '#/a' }, { $ref: '#/b' }, { $ref: '#/c' }] };
    const documents = [{ a: string }, { a: number, b: number }];
    assert.equal(schemaToTypescript(schema, { documents }), '[string, number, unknown]');
  });
});
