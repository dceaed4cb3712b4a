import type { StandardSchemaV1 } from '@standard-schema/spec';
import { asSchema, type FlexibleSchema, type ToolSet } from 'ai';
import type { JsonSchema } from '../../src/embed/schema-types.ts';
import { type HandledTool, type ToolContext, tool } from '../../src/embed/tool.ts';
import type { ToolHandlers } from '../../src/embed/with-handlers.ts';
import { unfitTool } from './unfit-tool.ts';

type AiTool = ToolSet[string];

/**
 * The tools of an AI SDK tool set, with their `execute` as handlers. A tool that streams results brings
 * the last one. `context` is undefined and `messages` is empty: calls come from a program.
 *
 * @throws `invalid_argument`, which names the tool, for one without `execute`, one that needs approval,
 * and one whose description depends on a context.
 */
export async function fromAiTools(tools: ToolSet): Promise<ToolHandlers> {
  const entries = Object.entries(tools).map(
    async ([name, each]) => [name, await handledTool(name, each)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function handledTool(name: string, aiTool: AiTool): Promise<HandledTool> {
  const { description = '', execute, inputSchema, needsApproval } = aiTool;
  if (typeof execute !== 'function') throw unfitTool(name, 'it has no execute');
  if (needsApproval !== undefined && needsApproval !== false) {
    throw unfitTool(name, 'it needs approval, which a program cannot wait for');
  }
  if (typeof description !== 'string') throw unfitTool(name, 'its description is a function');
  const { schema, json } = await readySchema(inputSchema);
  return tool({
    description,
    input: schema,
    inputSchema: json,
    run: async (input, context) => lastOf(await execute(input as never, optionsOf(context))),
  });
}

/** The checks of the SDK's own schemas, and of JSON Schemas that have none. */
async function readySchema(inputSchema: FlexibleSchema) {
  const { jsonSchema, validate } = asSchema(inputSchema);
  const json = (await jsonSchema) as JsonSchema;
  if (validate === undefined) return { schema: json, json };
  if ('~standard' in inputSchema) return { schema: inputSchema as StandardSchemaV1, json };
  const standard: StandardSchemaV1 = {
    '~standard': {
      version: 1,
      vendor: 'ai',
      validate: async (value) => {
        const result = await validate(value);
        return result.success
          ? { value: result.value }
          : { issues: [{ message: result.error.message }] };
      },
    },
  };
  return { schema: standard, json };
}

function optionsOf({ signal, call }: ToolContext) {
  return { toolCallId: call.callId, messages: [], abortSignal: signal, context: undefined };
}

async function lastOf(result: unknown): Promise<unknown> {
  if (typeof result !== 'object' || result === null || !(Symbol.asyncIterator in result)) {
    return result;
  }
  let last: unknown;
  for await (const each of result as AsyncIterable<unknown>) last = each;
  return last;
}
