import { createRequire } from 'node:module';
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv';
import { CodeModeError, messageOf } from '../errors.ts';
import { type Checked, kindOf, type Problem } from './checked-value.ts';
import type { JsonSchema } from './schema-types.ts';

/**
 * Longest JSON text whose problems are all listed, in UTF-16 units. Of a longer one only the first is:
 * each item of a long list can have one.
 */
const MAX_LISTED_LENGTH = 65_536;

type Dialect = 'draft-07' | '2020-12';

/** Both stop at the first problem. They are loaded when the first schema is compiled. */
const validators = new Map<string, Ajv>();

/**
 * Compiles a JSON Schema once.
 *
 * `format` is an annotation and not checked. References must stay within the schema.
 *
 * @param what Whose schema it is, for the error.
 * @returns Checks a JSON value; `length` is that of its JSON text.
 * @throws `invalid_argument` for a schema that is not valid.
 */
export function jsonSchemaCheck(
  schema: JsonSchema,
  what: string,
): (value: unknown, length: number) => Checked {
  const first = compiled(schema, what, false);
  let all: ValidateFunction | undefined;
  return (value, length) => {
    if (first(value)) return { value };
    let { errors } = first;
    if (length <= MAX_LISTED_LENGTH) {
      all ??= compiled(schema, what, true);
      all(value);
      errors = all.errors;
    }
    return { problems: (errors ?? []).map(problemOf) };
  };
}

function compiled(schema: JsonSchema, what: string, allErrors: boolean): ValidateFunction {
  const { $schema, ...rest } = schema;
  const dialect = /draft-0[4-7]/.test(String($schema)) ? 'draft-07' : '2020-12';
  const validator = validatorFor(dialect, allErrors);
  try {
    return validator.compile(rest);
  } catch (error) {
    const text = `Cannot use ${what}: ${messageOf(error)}`;
    throw new CodeModeError('invalid_argument', text, { cause: error });
  } finally {
    // The validator would keep every schema that it has compiled.
    validator.removeSchema(rest);
  }
}

function validatorFor(dialect: Dialect, allErrors: boolean): Ajv {
  const key = `${dialect} ${allErrors}`;
  const known = validators.get(key);
  if (known !== undefined) return known;
  const made = new (validatorClass(dialect))({
    allErrors,
    verbose: true,
    strict: false,
    validateFormats: false,
    logger: false,
  });
  validators.set(key, made);
  return made;
}

/** Loading it takes longer than many a cell runs, and sessions without JSON Schemas do not need it. */
function validatorClass(dialect: Dialect): new (options: object) => Ajv {
  const require = createRequire(import.meta.url);
  const path = dialect === 'draft-07' ? 'ajv' : 'ajv/dist/2020.js';
  return (require(path) as { readonly default: new (options: object) => Ajv }).default;
}

function problemOf({ instancePath, keyword, params, message, data }: ErrorObject): Problem {
  const path = instancePath.split('/').slice(1).map(unescaped);
  switch (keyword) {
    case 'required':
      return { path: [...path, String(params.missingProperty)], text: 'is missing' };
    case 'additionalProperties':
      return {
        path: [...path, String(params.additionalProperty)],
        text: 'is not a known property',
      };
    case 'enum':
      return { path, text: `must be one of ${brief(params.allowedValues)}, got ${kindOf(data)}` };
    case 'const':
      return { path, text: `must be ${brief(params.allowedValue)}, got ${kindOf(data)}` };
    case 'type':
      return { path, text: `${message}, got ${kindOf(data)}` };
  }
  return { path, text: message ?? `breaks the rule ${keyword}` };
}

function brief(value: unknown): string {
  const texts = Array.isArray(value) ? value.slice(0, 20) : [value];
  return texts.map((each) => JSON.stringify(each)).join(', ');
}

/** One part of a JSON pointer. */
function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
