import { JsonText } from '../../src/delegate.ts';
import type { ToolDefinition } from '../../src/tools.ts';

/**
 * The definition with its schemas, as far as it has some. A sandbox needs none, so one that comes as
 * a `JsonText` is parsed when somebody reads it for the first time.
 */
export function withSchemas(
  definition: ToolDefinition,
  inputSchema: unknown,
  outputSchema: unknown,
): ToolDefinition {
  add(definition, 'inputSchema', inputSchema);
  add(definition, 'outputSchema', outputSchema);
  return definition;
}

function add(definition: object, name: keyof ToolDefinition, schema: unknown): void {
  if (schema === undefined) return;
  const property = { configurable: true, enumerable: true };
  if (!(schema instanceof JsonText)) {
    Object.defineProperty(definition, name, { ...property, value: schema });
    return;
  }
  const get = (): unknown => {
    const value: unknown = JSON.parse(schema.text);
    Object.defineProperty(definition, name, { ...property, value });
    return value;
  };
  Object.defineProperty(definition, name, { ...property, get });
}
