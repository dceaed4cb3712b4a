import { describe, it } from 'node:test';
import { assertTypes, objectSchema } from '../../support/schema-types.ts';

const string = { type: 'string' };
const number = { type: 'number' };

describe('schemaToTypescript', () => {
  it('renders boolean schemas, and unknown for invalid schemas', () => {
    assertTypes([
      [true, 'unknown'],
      [false, 'never'],
      [null, 'unknown'],
      [undefined, 'unknown'],
      [7, 'unknown'],
      ['string', 'unknown'],
      [[string], 'unknown'],
      [{}, 'unknown'],
      [{ title: 'No type' }, 'unknown'],
    ]);
  });

  it('renders simple types', () => {
    assertTypes([
      [string, 'string'],
      [number, 'number'],
      [{ type: 'integer' }, 'number'],
      [{ type: 'boolean' }, 'boolean'],
      [{ type: 'null' }, 'null'],
      [{ type: 'date' }, 'unknown'],
      [{ type: 5 }, 'unknown'],
    ]);
  });

  it('renders literals as JSON', () => {
    assertTypes([
      [{ const: 'a "b"\n\u2028' }, '"a \\"b\\"\\n\u2028"'],
      [{ const: null }, 'null'],
      [{ const: -1.5e21 }, '-1.5e+21'],
      [{ const: false }, 'false'],
      [{ const: { b: [1, 'x'], a: {} } }, '{"b":[1,"x"],"a":{}}'],
      [{ const: JSON.parse('{"__proto__":1}') }, '{"__proto__":1}'],
      [{ enum: ['a', 2, null, true] }, '"a" | 2 | null | true'],
    ]);
  });

  it('renders the most specific keyword', () => {
    const all = {
      const: 'c',
      enum: ['e'],
      anyOf: [{ const: 'any' }],
      oneOf: [{ const: 'one' }],
      allOf: [{ const: 'all' }],
      type: 'string',
      properties: {},
      items: number,
    };
    const { const: _const, ...withoutConst } = all;
    const { enum: _enum, ...withoutEnum } = withoutConst;
    const { anyOf: _anyOf, ...withoutAnyOf } = withoutEnum;
    const { oneOf: _oneOf, ...withoutOneOf } = withoutAnyOf;
    const { allOf: _allOf, ...withoutAllOf } = withoutOneOf;
    const { type: _type, ...withoutType } = withoutAllOf;
    const { properties: _properties, ...withoutProperties } = withoutType;
    assertTypes([
      [all, '"c"'],
      [withoutConst, '"e"'],
      [withoutEnum, '"any"'],
      [withoutAnyOf, '"one"'],
      [withoutOneOf, '"all"'],
      [withoutAllOf, 'string'],
      [withoutType, '{ [key: string]: unknown; }'],
      [withoutProperties, 'Array<number>'],
    ]);
  });

  it('recognises objects and arrays without a type', () => {
    assertTypes([
      [{ properties: { a: string } }, '{ a?: string; }'],
      [{ additionalProperties: string }, '{ [key: string]: string; }'],
      [{ required: ['a'] }, '{ [key: string]: unknown; }'],
      [{ required: [], items: string }, '{ [key: string]: unknown; }'],
      [{ items: string }, 'Array<string>'],
      [{ prefixItems: [string] }, '[string]'],
    ]);
  });

  it('ignores empty lists', () => {
    const empty = { enum: [], anyOf: [], oneOf: [], allOf: [] };
    assertTypes([
      [{ ...empty, type: 'string' }, 'string'],
      [{ ...empty, type: [], items: string }, 'Array<string>'],
      [{ ...empty, enum: 'a' }, 'unknown'],
    ]);
  });

  it('joins unions and intersections', () => {
    assertTypes([
      [{ anyOf: [string, { type: 'null' }] }, 'string | null'],
      [{ oneOf: [string, false, true] }, 'string | never | unknown'],
      [{ type: ['string', 'integer', 'null', 'date'] }, 'string | number | null | unknown'],
      [{ type: ['array', 'object'], items: string }, 'Array<string> | { [key: string]: unknown; }'],
      [{ allOf: [string, number] }, 'string & number'],
      [{ allOf: [{ anyOf: [string, number] }] }, '(string | number)'],
    ]);
  });

  it('puts members of an intersection that hold a union in parentheses', () => {
    const schema = {
      allOf: [{ anyOf: [string, number] }, { type: 'object', properties: { value: string } }],
      type: 'string',
    };
    assertTypes([[schema, '(string | number) & { value?: string; }']]);
  });

  it('renders arrays', () => {
    assertTypes([
      [{ type: 'array', items: string }, 'Array<string>'],
      [{ type: 'array', items: false }, 'Array<never>'],
      [{ type: 'array', items: { anyOf: [string, number] } }, 'Array<string | number>'],
      [{ type: 'array', prefixItems: [string, { enum: [1, 2] }] }, '[string, 1 | 2]'],
      [{ type: 'array', items: number, prefixItems: [string] }, 'Array<number>'],
      [{ type: 'array' }, 'unknown[]'],
      [{ type: 'array', prefixItems: [] }, 'unknown[]'],
    ]);
  });

  it('sorts properties and marks those that are not required', () => {
    const properties = { b: number, a: string, C: true };
    assertTypes([
      [objectSchema(properties, { required: ['a'] }), '{ C?: unknown; a: string; b?: number; }'],
    ]);
  });

  it('quotes names that are not identifiers', () => {
    const names = ['a-b', '1', '', 'é', '"\n', '$_9', 'new'];
    const properties = Object.fromEntries(names.map((name) => [name, string]));
    const type =
      '{ ""?: string; "\\"\\n"?: string; $_9?: string; "1"?: string; "a-b"?: string; new?: string; "é"?: string; }';
    assertTypes([[objectSchema(properties), type]]);
  });

  it("renders properties named like members of Object.prototype, and only the schema's own", () => {
    const properties = JSON.parse('{"__proto__":{"type":"string"},"toString":true}');
    assertTypes([
      [objectSchema(properties), '{ __proto__?: string; toString?: unknown; }'],
      [JSON.parse('{"__proto__":{"type":"string"}}'), 'unknown'],
      [Object.create({ type: 'string' }), 'unknown'],
    ]);
  });

  it('renders additional properties', () => {
    const properties = { a: string };
    assertTypes([
      [{ type: 'object' }, '{ [key: string]: unknown; }'],
      [{ type: 'object', properties: {} }, '{ [key: string]: unknown; }'],
      [{ type: 'object', properties }, '{ a?: string; }'],
      [objectSchema({}), '{}'],
      [objectSchema(properties), '{ a?: string; }'],
      [objectSchema({}, { additionalProperties: number }), '{ [key: string]: number; }'],
      [
        objectSchema(properties, { additionalProperties: true }),
        '{ a?: string; [key: string]: unknown; }',
      ],
      [
        objectSchema(properties, { additionalProperties: { type: ['string', 'null'] } }),
        '{ a?: string; [key: string]: string | null; }',
      ],
    ]);
  });

  it('writes descriptions above their properties', () => {
    const schema = objectSchema(
      { b: { ...number, description: ' One\r\n\r\n  two ' }, a: string },
      { additionalProperties: true, required: ['b'], description: 'Not shown' },
    );
    const type = '{\n  a?: string;\n  // One\n  // two\n  b: number;\n  [key: string]: unknown;\n}';
    assertTypes([[schema, type]]);
  });

  it('stays on one line if descriptions are blank or not text', () => {
    const properties = { a: { description: ' \n\t' }, b: { description: 5 }, c: true };
    assertTypes([[objectSchema(properties), '{ a?: unknown; b?: unknown; c?: unknown; }']]);
  });

  it('does not indent nested objects again', () => {
    const inner = objectSchema({ b: { ...string, description: 'Inner' } });
    assertTypes([
      [objectSchema({ a: inner }), '{ a?: {\n  // Inner\n  b?: string;\n}; }'],
      [
        objectSchema({ a: { ...inner, description: 'Outer' } }),
        '{\n  // Outer\n  a?: {\n  // Inner\n  b?: string;\n};\n}',
      ],
    ]);
  });

  it('keeps every line of a description inside its comment', () => {
    const description = 'a\u2028b\u2029c\rd\ne */ \ud800';
    const type = '{\n  // a\n  // b\n  // c\n  // d\n  // e */ \ufffd\n  x?: unknown;\n}';
    assertTypes([[objectSchema({ x: { description } }), type]]);
  });
});
