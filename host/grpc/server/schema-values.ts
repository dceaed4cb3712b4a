import { CodeModeError } from '../../../src/errors.ts';
import { ANY_JSON, JsonScanner } from '../../../src/json/json-scanner.ts';
import type { ToolDefinition } from '../generated/code-mode.ts';

/** The most values in the schemas of a request: parsing as many takes long. */
export const MAX_SCHEMA_VALUES = 500_000;
const PIECE_BYTES = 64 << 10;

/**
 * Counts what parsing the schemas of these tools would create, no further than to the bound.
 *
 * @throws `limit_exceeded` for more than `MAX_SCHEMA_VALUES` values.
 */
export function checkSchemaValues(tools: readonly ToolDefinition[]): void {
  const schemas = tools.flatMap(({ inputSchemaJson, outputSchemaJson }) => [
    inputSchemaJson ?? new Uint8Array(),
    outputSchemaJson ?? new Uint8Array(),
  ]);
  // Each value takes a byte at least.
  const bytes = schemas.reduce((sum, { length }) => sum + length, 0);
  if (bytes <= MAX_SCHEMA_VALUES) return;
  let values = 0;
  for (const schema of schemas) {
    const scanner = new JsonScanner(ANY_JSON);
    for (let at = 0; at < schema.length && !scanner.isWhole && !scanner.isInvalid; ) {
      at = scanner.push(schema, at, Math.min(schema.length, at + PIECE_BYTES));
      if (values + scanner.values > MAX_SCHEMA_VALUES) throw tooMany();
    }
    values += scanner.values;
  }
}

function tooMany(): CodeModeError {
  const text = `the schemas of the tools have more than ${MAX_SCHEMA_VALUES} values`;
  return new CodeModeError('limit_exceeded', `Cannot read a request: ${text}`);
}
