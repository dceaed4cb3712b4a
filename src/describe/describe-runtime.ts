import { type OfferedTool, offeredTools, type ToolDefinition } from '../tools.ts';
import { type GuideOptions, runtimeGuide } from './runtime-guide.ts';
import { declareTool } from './tool-declarations.ts';

/** What to tell a model of the runtime. */
export interface DescribeRuntimeOptions extends GuideOptions {
  /** The tools that programs can call. They are declared after the guide. Default: none. */
  readonly tools?: readonly ToolDefinition[];
  /** Length of each description in UTF-16 units; at least 4,000, which the guide fits. Default: unlimited. */
  readonly maxLength?: number;
  /** One line about each source of tools, such as a server, below the guide. Default: none. */
  readonly remarks?: readonly string[];
}

/** A tool of the model's own, ready for a tool list. */
export interface ModelTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly inputSchema: Readonly<Record<string, unknown>> & { readonly type: 'object' };
}

/** The tools that let a model run programs. */
export interface RuntimeDescription {
  readonly exec: ModelTool;
  readonly wait: ModelTool;
  readonly cells: ModelTool;
}

/** The shortest bound that the guide is sure to fit. */
const MIN_LENGTH = 4000;
/** How many declarations that do not fit are tried before the rest is only counted. */
const MAX_MISFITS = 8;
/** Kept for the line that counts the tools that did not fit. */
const MORE_LENGTH = 80;

const milliseconds = {
  type: 'integer',
  minimum: 0,
  description:
    'Milliseconds to wait before a program that still runs is left running. Default: 10000.',
} as const;
const tokens = {
  type: 'integer',
  minimum: 0,
  description: 'Budget of the output, in tokens. Default: 10000.',
} as const;

const WAIT = {
  name: 'wait',
  description: `Waits for a program that \`exec\` left running, and returns its new output. News wakes it up early, so use a long \`yield_time_ms\` rather than many short waits. With \`terminate: true\` the program is stopped instead.`,
  inputSchema: {
    type: 'object',
    properties: {
      cell_id: { type: 'string', description: 'The cell ID from the header of `exec`.' },
      yield_time_ms: milliseconds,
      max_tokens: tokens,
      terminate: { type: 'boolean', description: 'Stop the program.' },
    },
    required: ['cell_id'],
    additionalProperties: false,
  },
} as const;

const CELLS = {
  name: 'cells',
  description:
    'Lists the programs that are still running: their cell IDs, their age, and what each waits for and since when. `terminate` stops the programs with these cell IDs first.',
  inputSchema: {
    type: 'object',
    properties: {
      terminate: {
        type: 'array',
        items: { type: 'string' },
        description: 'Cell IDs of programs to stop.',
      },
    },
    additionalProperties: false,
  },
} as const;

/**
 * Teaches a model the runtime: the descriptions and input schemas of `exec`, `wait` and `cells`.
 *
 * The description of `exec` is a guide that is always there, the remarks, and the declarations of
 * tools in the given order. Under `maxLength` a declaration is there as a whole or not at all, and a
 * last line counts those that did not fit. Remarks that do not fit are left out as well.
 */
export function describeRuntime(options: DescribeRuntimeOptions = {}): RuntimeDescription {
  const maxLength = Math.max(options.maxLength ?? Number.POSITIVE_INFINITY, MIN_LENGTH);
  const offered = offeredTools(options.tools ?? []);
  const guide = withRemarks(runtimeGuide(options), options.remarks ?? [], maxLength);
  const exec = {
    name: 'exec',
    description: withDeclarations(guide, offered, maxLength, options.search ?? false),
    inputSchema: {
      type: 'object',
      properties: {
        source: { type: 'string', description: 'The program.' },
        yield_time_ms: milliseconds,
        max_output_tokens: tokens,
      },
      required: ['source'],
      additionalProperties: false,
    },
  } as const;
  return { exec, wait: WAIT, cells: CELLS };
}

function withRemarks(guide: string, remarks: readonly string[], maxLength: number): string {
  let text = guide;
  for (const [index, remark] of remarks.entries()) {
    const next = `${text}${index === 0 ? '\n\n' : '\n'}${remark}`;
    if (next.length + MORE_LENGTH <= maxLength) text = next;
  }
  return text;
}

function withDeclarations(
  guide: string,
  offered: readonly OfferedTool[],
  maxLength: number,
  search: boolean,
): string {
  let text = guide;
  let shown = 0;
  let misfits = 0;
  for (const { definition, identifier } of offered) {
    const next = `${text}\n\n### \`${identifier}\`\n${declareTool(definition)}`;
    if (next.length + MORE_LENGTH <= maxLength) {
      text = next;
      shown += 1;
    } else if (++misfits === MAX_MISFITS) break;
  }
  const missing = offered.length - shown;
  if (missing === 0) return text;
  const hint = search ? 'tools.search({ query, limit })' : 'see ALL_TOOLS';
  return `${text}\n\n${missing} more: ${hint}`;
}
