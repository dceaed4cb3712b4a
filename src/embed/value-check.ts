import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { CodeModeError, messageOf } from '../errors.ts';
import type { Checked, Problem, ValueCheck } from './checked-value.ts';
import { jsonSchemaCheck } from './json-schema-check.ts';
import type { JsonSchema, ValueSchema } from './schema-types.ts';

/** A schema that is ready: how it is shown to a model, and how values are checked. */
export interface ReadySchema {
  readonly json: JsonSchema;
  readonly check: ValueCheck;
}

/** Which side of a schema with transformations is shown. */
type Side = 'input' | 'output';

/**
 * Prepares a schema once.
 *
 * @param what Whose schema it is: the subject of errors.
 * @param shown The JSON Schema to show; for a Standard Schema that has none.
 * @throws `invalid_argument` for a schema that is not valid, or cannot be shown.
 */
export function readySchema(
  schema: ValueSchema,
  side: Side,
  what: string,
  shown: JsonSchema | undefined,
): ReadySchema {
  if (isStandard(schema)) {
    return { json: shown ?? jsonOf(schema, side, what), check: standardCheck(schema) };
  }
  if (typeof schema === 'object' && schema !== null) {
    return { json: shown ?? schema, check: jsonSchemaCheck(schema, what) };
  }
  const text = `Cannot use ${what}: it must be a Standard Schema or a JSON Schema, got ${typeof schema}`;
  throw new CodeModeError('invalid_argument', text);
}

/** Some schema libraries make their schemas functions. */
function isStandard(schema: ValueSchema): schema is StandardSchemaV1 {
  const isObject = typeof schema === 'object' || typeof schema === 'function';
  return isObject && schema !== null && '~standard' in schema;
}

function jsonOf(schema: StandardSchemaV1, side: Side, what: string): JsonSchema {
  const { jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1['~standard']>;
  const { vendor } = schema['~standard'];
  const advice = `pass its JSON Schema as ${side}Schema`;
  if (jsonSchema === undefined) {
    const text = `Cannot use ${what}: schemas of ${vendor} do not tell their JSON Schema; ${advice}`;
    throw new CodeModeError('invalid_argument', text);
  }
  try {
    return jsonSchema[side]({ target: 'draft-2020-12' });
  } catch (error) {
    const detail = messageOf(error);
    const text = `Cannot use ${what}: ${vendor} cannot write it as JSON Schema (${detail}); ${advice}`;
    throw new CodeModeError('invalid_argument', text, { cause: error });
  }
}

function standardCheck(schema: StandardSchemaV1): ValueCheck {
  return async (value) => {
    const result = await schema['~standard'].validate(value);
    return checkedOf(result);
  };
}

function checkedOf(result: StandardSchemaV1.Result<unknown>): Checked {
  return result.issues === undefined
    ? { value: result.value }
    : { problems: result.issues.map(problemOf) };
}

function problemOf({ path = [], message }: StandardSchemaV1.Issue): Problem {
  return { path: path.map((part) => (typeof part === 'object' ? part.key : part)), text: message };
}
