import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { schemaToTypescript } from '../../../src/describe/schema-to-typescript.ts';
import { assertTypes, assertValidType, objectSchema } from '../../support/schema-types.ts';

const string = { type: 'string' };

describe('Budgets of a schema', () => {
  it('allow a result of 16,000 bytes, counted as UTF-8', () => {
    const fits = `"${'é'.repeat(7_999)}"`;
    assertTypes([
      [{ const: 'é'.repeat(7_999) }, fits],
      [{ const: `${'é'.repeat(7_999)}a` }, 'unknown'],
      [{ const: 'a'.repeat(15_998) }, `"${'a'.repeat(15_998)}"`],
      [{ const: 'a'.repeat(15_999) }, 'unknown'],
      [objectSchema({ a: { ...string, description: 'a'.repeat(16_000) } }), 'unknown'],
    ]);
  });

  it('can be set for the result', () => {
    const schema = objectSchema({ a: string });
    const type = '{ a?: string; }';
    assert.equal(schemaToTypescript(schema, { maxBytes: type.length }), type);
    assert.equal(schemaToTypescript(schema, { maxBytes: type.length - 1 }), 'unknown');
    assert.equal(schemaToTypescript(string, { maxBytes: 0 }), 'unknown');
    assert.equal(schemaToTypescript(string, { maxBytes: Number.NaN }), 'unknown');
    const long = { const: 'a'.repeat(20_000) };
    assert.equal(schemaToTypescript(long, { maxBytes: 30_000 }).length, 20_002);
  });

  it('allow 64,000 bytes of work, even if the result may be larger', () => {
    const maxBytes = 1_000_000;
    const large = { const: 'a'.repeat(3_000) };
    const refs = Array.from({ length: 32 }, () => ({ $ref: '#/$defs/a' }));
    assert.equal(
      schemaToTypescript({ prefixItems: refs, $defs: { a: large } }, { maxBytes }),
      'unknown',
    );
    const fewer = { prefixItems: refs.slice(0, 20), $defs: { a: large } };
    assert.equal(schemaToTypescript(fewer, { maxBytes }).length, 20 * 3_002 + 19 * 2 + 2);
    const oversized = { $ref: '#/$defs/a', $defs: { a: { const: 'a'.repeat(64_000) } } };
    assert.equal(schemaToTypescript(oversized, { maxBytes }), 'unknown');
    const name = objectSchema({ [`-${'a'.repeat(64_000)}`]: true });
    assert.equal(schemaToTypescript(name, { maxBytes }), 'unknown');
    const blank = objectSchema({ a: { description: ' '.repeat(64_001) } });
    assert.equal(schemaToTypescript(blank, { maxBytes }), 'unknown');
  });
});

/** Asserts that it is fast: a hostile schema would take minutes, or all memory. */
function quickly(schema: unknown): string {
  const start = performance.now();
  const type = schemaToTypescript(schema);
  assert.ok(performance.now() - start < 2_000);
  return type;
}

function nested(depth: number, wrap: (schema: unknown) => unknown): unknown {
  let schema: unknown = string;
  for (let level = 0; level < depth; level += 1) schema = wrap(schema);
  return schema;
}

describe('Hostile schemas', () => {
  it('are unknown from level 256 of nesting on', () => {
    const items = (schema: unknown) => ({ items: schema });
    assert.equal(quickly(nested(255, items)), `${'Array<'.repeat(255)}string${'>'.repeat(255)}`);
    const deep = `${'Array<'.repeat(256)}unknown${'>'.repeat(256)}`;
    assert.equal(quickly(nested(256, items)), deep);
    assert.equal(quickly(nested(100_000, items)), deep);
    assert.equal(quickly(nested(100_000, (schema) => ({ anyOf: [schema] }))), 'unknown');
    const literal = quickly({ const: nested(100_000, (value) => [value]) });
    assert.equal(literal, `${'['.repeat(256)}unknown${']'.repeat(256)}`);
    assertValidType(literal);
    assertValidType(deep);
  });

  it('can contain themselves', () => {
    const items: Record<string, unknown> = {};
    items.items = items;
    assert.equal(quickly(items), `${'Array<'.repeat(256)}unknown${'>'.repeat(256)}`);
    const union: Record<string, unknown> = {};
    union.anyOf = [union, union];
    assert.equal(quickly(union), 'unknown');
    const literal: Record<string, unknown> = {};
    literal.const = [literal, literal];
    assert.equal(quickly(literal), 'unknown');
    const required = Array.from({ length: 50_000 }, (_, index) => `p${index}`);
    const properties: Record<string, unknown> = { required };
    properties.properties = { a: properties, b: properties };
    assert.equal(quickly(properties), 'unknown');
  });

  it('can be huge', () => {
    assert.equal(quickly({ const: 'a'.repeat(50_000_000) }), 'unknown');
    assert.equal(quickly({ enum: Array(1_000_000).fill(1) }), 'unknown');
    assert.equal(quickly({ anyOf: Array(2 ** 32 - 1) }), 'unknown');
    assert.equal(quickly({ const: Array(2 ** 32 - 1) }), 'unknown');
    assert.equal(quickly({ type: Array(2 ** 32 - 1) }), 'unknown');
    const names = Array.from({ length: 200_000 }, (_, index) => [`p${index}`, true] as const);
    assert.equal(quickly({ properties: Object.fromEntries(names) }), 'unknown');
    const blank = { description: ' '.repeat(60_000) };
    const members = names.slice(0, 5_000).map(([name]) => [name, blank] as const);
    assert.equal(quickly({ properties: Object.fromEntries(members) }), 'unknown');
  });

  it('can take many steps for little text', () => {
    const chain = nested(200, (schema) => ({ anyOf: [schema] }));
    const list = (length: number) => quickly({ prefixItems: Array(length).fill(chain) });
    assert.equal(list(400), `[${Array(400).fill('string').join(', ')}]`);
    assert.equal(list(600), 'unknown');
  });

  it('can throw', () => {
    const fail = () => {
      throw new Error('Not this');
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const schema of [
      Object.defineProperty({}, 'type', { get: fail, enumerable: true }),
      new Proxy({}, { getOwnPropertyDescriptor: fail }),
      objectSchema(new Proxy({}, { ownKeys: fail })),
      proxy,
      objectSchema({ a: proxy }),
    ]) {
      assert.equal(quickly(schema), 'unknown');
    }
  });

  it('can hold values without a JSON form', () => {
    const toJSON = () => assert.fail();
    assertTypes([
      [{ const: 1n }, 'unknown'],
      [{ const: Number.NaN }, 'unknown'],
      [{ enum: [undefined, Symbol('a'), Number.POSITIVE_INFINITY] }, 'unknown | unknown | unknown'],
      [{ const: { a: [() => 1], toJSON } }, '{"a":[unknown],"toJSON":unknown}'],
      [{ const: undefined, type: 'string' }, 'string'],
    ]);
  });
});
