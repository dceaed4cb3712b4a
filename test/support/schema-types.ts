import assert from 'node:assert/strict';
import { stripTypeScriptTypes } from 'node:module';
import { schemaToTypescript } from '../../src/describe/schema-to-typescript.ts';

/** Asserts that each schema is rendered as this type, and that the type is valid syntax. */
export function assertTypes(cases: readonly (readonly [schema: unknown, type: string])[]): void {
  for (const [schema, type] of cases) {
    assert.equal(schemaToTypescript(schema), type);
    assertValidType(type);
  }
}

/** Asserts that a type is valid TypeScript syntax. */
export function assertValidType(type: string): void {
  assert.equal(stripTypeScriptTypes(`type T = ${type};`).trim(), '');
}

/** The schema of an object with these properties and no others. */
export function objectSchema(properties: object, more: object = {}): object {
  return { type: 'object', properties, additionalProperties: false, ...more };
}
