import type { ToolCall } from '../delegate.ts';
import { schemaToTypescript } from '../describe/schema-to-typescript.ts';
import { CodeModeError } from '../errors.ts';
import { toolIdentifier } from '../tools.ts';
import { problemText } from './checked-value.ts';
import type { AcceptedBy, JsonSchema, ValueOf, ValueSchema } from './schema-types.ts';
import { type ReadySchema, readySchema } from './value-check.ts';

/** What a handler may use besides its input. */
export interface ToolContext {
  /** Aborts when the program no longer wants the result. Its reason is a `Cancelled`. */
  readonly signal: AbortSignal;
  readonly call: ToolCall;
}

/** A tool and what it does. */
export interface ToolSpec<I extends ValueSchema, O extends ValueSchema> {
  readonly description: string;
  /**
   * Describes and checks the argument; a call without an argument passes `{}`. Default: anything passes,
   * and undefined stands for no argument.
   */
  readonly input?: I;
  /** Describes and checks the result. Default: any JSON value. */
  readonly output?: O;
  /** The JSON Schema that programs are shown, for an `input` that does not tell its own. */
  readonly inputSchema?: JsonSchema;
  /** The same for `output`. */
  readonly outputSchema?: JsonSchema;
  /**
   * Runs one call whose argument has passed.
   *
   * @returns Any JSON value, or a `JsonText` if there is no `output`. It becomes the value the program awaits.
   * @throws Anything. The message becomes the error the program catches.
   */
  run(input: ValueOf<I>, context: ToolContext): AcceptedBy<O> | Promise<AcceptedBy<O>>;
}

/** A tool that runs its own calls: made with `tool`. */
export interface HandledTool {
  readonly description: string;
  /** JSON Schema of the argument. */
  readonly inputSchema?: JsonSchema;
  /** JSON Schema of the result. */
  readonly outputSchema?: JsonSchema;
  /** Runs one call. See `Delegate.invokeTool`. */
  invoke(call: ToolCall, signal: AbortSignal): Promise<unknown>;
}

/** Longest type in an error, in bytes of UTF-8. */
const MAX_TYPE_BYTES = 2_000;

/**
 * A tool with its handler, for `openSession` and `withHandlers`.
 *
 * Arguments that do not pass `input` never reach the handler: the program catches an error with one line
 * for each of the first ten problems and the expected type. Schemas are compiled here, once.
 *
 * @throws `invalid_argument` for a schema that is not valid, or a Standard Schema that does not tell its
 * JSON Schema.
 */
export function tool<
  const I extends ValueSchema = JsonSchema,
  const O extends ValueSchema = JsonSchema,
>(spec: ToolSpec<I, O>): HandledTool {
  const { description, run } = spec;
  if (typeof run !== 'function') {
    throw new CodeModeError('invalid_argument', 'Cannot make a tool: run must be a function');
  }
  const input = ready(spec.input, 'input', spec.inputSchema);
  const output = ready(spec.output, 'output', spec.outputSchema);
  return {
    description,
    ...schemaField('inputSchema', input?.json ?? spec.inputSchema),
    ...schemaField('outputSchema', output?.json ?? spec.outputSchema),
    invoke: async (call, signal) => {
      const value = input === undefined ? call.input : await checkedInput(input, call);
      signal.throwIfAborted();
      const result: unknown = await run.call(spec, value as ValueOf<I>, { signal, call });
      return output === undefined ? result : checkedOutput(output, call, result);
    },
  };
}

function ready(
  schema: ValueSchema | undefined,
  side: 'input' | 'output',
  shown: JsonSchema | undefined,
): ReadySchema | undefined {
  return schema === undefined
    ? undefined
    : readySchema(schema, side, `the ${side} schema of a tool`, shown);
}

function schemaField<K extends string>(name: K, schema: JsonSchema | undefined) {
  return (schema === undefined ? {} : { [name]: schema }) as { readonly [_ in K]?: JsonSchema };
}

async function checkedInput({ check, json }: ReadySchema, call: ToolCall): Promise<unknown> {
  const checked = await check(call.input ?? {}, call.inputJson?.length ?? 0);
  if ('value' in checked) return checked.value;
  const title = `Invalid arguments for tools.${toolIdentifier(call.tool)}`;
  throw new TypeError(problemText(title, checked.problems, typeOf(json)));
}

async function checkedOutput({ check }: ReadySchema, call: ToolCall, result: unknown) {
  const checked = await check(result, Number.POSITIVE_INFINITY);
  if ('value' in checked) return checked.value;
  const title = `tools.${toolIdentifier(call.tool)} returned a result that breaks its own schema`;
  throw new TypeError(problemText(title, checked.problems, null));
}

function typeOf(schema: JsonSchema): string | null {
  const type = schemaToTypescript(schema, { maxBytes: MAX_TYPE_BYTES });
  return type === 'unknown' ? null : type;
}
