import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { schemaToTypescript } from '../../../src/describe/schema-to-typescript.ts';
import { assertValidType } from '../../support/schema-types.ts';

const keyword = fc.constantFrom(
  ...['$ref', '$defs', '$id', 'const', 'enum', 'anyOf', 'oneOf', 'allOf', 'type', 'properties'],
  ...['additionalProperties', 'required', 'items', 'prefixItems', 'description', 'a', '__proto__'],
);
const word = fc.constantFrom(
  ...[
    'string',
    'integer',
    'object',
    'array',
    'null',
    '#',
    '#/$defs/a',
    '#/properties/a',
    '#/items',
  ],
);

const description = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('a', ' ', '\n', '\r', '\u2028', '\u2029', '*/', '//', '`') }),
);

const { schema: likelySchema } = fc.letrec<{ schema: unknown }>((tie) => {
  const schema = tie('schema');
  const schemas = fc.array(schema, { maxLength: 3 });
  const name = fc.oneof(keyword, fc.string({ unit: 'binary', maxLength: 4 }));
  const $ref = fc.constantFrom('#', '#/$defs/a', '#/$defs/b', '#/properties/a', '#/none');
  const common = {
    description,
    $id: fc.constant('x'),
    $ref,
    $defs: fc.record({ a: schema, b: schema }),
  };
  const shape = (model: Record<string, fc.Arbitrary<unknown>>, always: readonly string[]) =>
    fc.record(model, { requiredKeys: [...always] });
  return {
    schema: fc.oneof(
      { maxDepth: 6, depthSize: 'medium' },
      shape({ type: word, description }, ['type']),
      shape({ const: fc.jsonValue(), description }, ['const']),
      shape({ enum: fc.array(fc.jsonValue(), { maxLength: 3 }), $ref }, ['enum']),
      shape({ type: fc.array(word), required: fc.array(name), ...common }, []),
      shape(
        {
          properties: fc.dictionary(name, schema, { maxKeys: 4 }),
          required: fc.array(name),
          additionalProperties: fc.oneof(fc.boolean(), schema),
          ...common,
        },
        ['properties'],
      ),
      shape({ items: schema, ...common }, ['items']),
      shape({ prefixItems: schemas, ...common }, ['prefixItems']),
      shape({ anyOf: schemas, ...common }, ['anyOf']),
      shape({ allOf: schemas, ...common }, ['allOf']),
    ),
  };
});

const anything = fc.anything({
  key: fc.oneof(keyword, fc.string({ maxLength: 3 })),
  values: [word, fc.integer(), fc.boolean(), fc.string({ unit: 'binary' }), fc.double()],
  maxDepth: 6,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});

describe('Any schema', () => {
  for (const [title, schemas] of [
    ['likely schemas', likelySchema],
    ['JSON', fc.jsonValue()],
    ['anything', anything],
  ] as const) {
    it(`makes a valid type within its limit, the same each time: ${title}`, () => {
      fc.assert(
        fc.property(schemas, fc.integer({ min: 7, max: 400 }), (schema, maxBytes) => {
          const type = schemaToTypescript(schema);
          assertValidType(type);
          assert.equal(schemaToTypescript(schema), type);
          assert.ok(Buffer.byteLength(type) <= 16_000);
          const short = schemaToTypescript(schema, { maxBytes });
          assert.ok(Buffer.byteLength(short) <= maxBytes);
          assert.ok(short === type || short === 'unknown');
        }),
        { numRuns: 1_000 },
      );
    });
  }
});
