import type { ToolCall } from '../../src/delegate.ts';
import { isJsonObject } from '../../src/describe/json-object.ts';
import { declareTool } from '../../src/describe/tool-declarations.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import type { OutputPart } from './cell-outputs.ts';
import type { ToolIndex } from './tool-index.ts';

const DEFAULT_LIMIT = 8;
const MAX_SUGGESTIONS = 3;
/** What one call of `output` returns at most, in UTF-16 units. */
const MAX_PART = 1 << 20;

const found = {
  type: 'array',
  items: {
    type: 'object',
    properties: { name: { type: 'string' }, description: { type: 'string' } },
    required: ['name', 'description'],
  },
};
const count = { type: 'integer', minimum: 0 };

/** The tools of ours that programs have besides those of servers. */
export const GUEST_TOOLS: readonly ToolDefinition[] = [
  {
    name: 'search',
    description: 'Finds tools by what they do, the best match first.',
    inputSchema: {
      type: 'object',
      properties: { query: { type: 'string' }, limit: count },
      required: ['query'],
    },
    outputSchema: found,
  },
  {
    name: 'describe',
    description: 'The description of a tool, with the types of its arguments and its result.',
    kind: 'freeform',
    outputSchema: { type: 'string' },
  },
  {
    name: 'output',
    description: 'Reads characters `from` to `to` of all output of a cell, also where it was cut.',
    inputSchema: {
      type: 'object',
      properties: { cell_id: { type: 'string' }, from: count, to: count },
      required: ['cell_id'],
    },
    outputSchema: {
      type: 'object',
      properties: {
        text: { type: 'string' },
        from: { type: 'integer' },
        to: { type: 'integer' },
        total: { type: 'integer' },
      },
      required: ['text', 'from', 'to', 'total'],
    },
  },
];

/** What the guest tools work on. */
export interface GuestServices {
  readonly index: ToolIndex;
  /** Reads output of a cell of the same session. */
  readonly output: (cellId: string, from: number, to: number) => OutputPart | undefined;
}

/** Whether a call is one of a guest tool. */
export function isGuestTool({ tool }: ToolCall): boolean {
  return GUEST_TOOLS.some(({ name }) => name === tool);
}

/**
 * Runs a guest tool.
 *
 * @throws `invalid_argument` that says what was wrong.
 */
export async function callGuestTool(call: ToolCall, services: GuestServices): Promise<unknown> {
  switch (call.tool) {
    case 'search':
      return search(call, services);
    case 'describe':
      return describe(call, services);
    default:
      return output(call, services);
  }
}

async function search(call: ToolCall, { index }: GuestServices): Promise<unknown> {
  const { query, limit = DEFAULT_LIMIT } = objectOf(call);
  if (typeof query !== 'string') throw invalid(call, '`query` must be a string');
  return index.search(query, countOf(call, 'limit', limit));
}

async function describe(call: ToolCall, { index }: GuestServices): Promise<string> {
  const { input } = call;
  const name = isJsonObject(input) ? input.name : input;
  if (typeof name !== 'string') throw invalid(call, 'the name of a tool must be a string');
  const definition = index.find(name);
  if (definition !== undefined) return declareTool(definition);
  const similar = (await index.search(name, MAX_SUGGESTIONS)).map((tool) => tool.name);
  const hint = similar.length === 0 ? '' : `; did you mean ${similar.join(', ')}?`;
  throw invalid(call, `there is no tool ${name}${hint}`);
}

function output(call: ToolCall, services: GuestServices): OutputPart {
  const { cell_id, from = 0, to = Number.MAX_SAFE_INTEGER } = objectOf(call);
  if (typeof cell_id !== 'string') throw invalid(call, '`cell_id` must be a string');
  const start = countOf(call, 'from', from);
  const end = Math.min(countOf(call, 'to', to), start + MAX_PART);
  const part = services.output(cell_id, start, end);
  if (part !== undefined) return part;
  throw invalid(call, `no output of cell ${cell_id} is kept`);
}

function objectOf(call: ToolCall): { readonly [name: string]: unknown } {
  const { input = {} } = call;
  if (isJsonObject(input)) return input;
  throw invalid(call, 'it expects an object');
}

function countOf(call: ToolCall, name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw invalid(call, `\`${name}\` must be a non-negative whole number`);
}

function invalid({ tool }: ToolCall, problem: string): CodeModeError {
  return new CodeModeError('invalid_argument', `Cannot call tools.${tool}: ${problem}`);
}
