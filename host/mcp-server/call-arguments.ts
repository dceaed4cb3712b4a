import { isJsonObject, type JsonObject } from '../../src/describe/json-object.ts';
import { messageOf } from '../../src/errors.ts';

/** What `exec` was asked for. */
export interface ExecArguments {
  readonly source: string;
  readonly yieldTimeMs: number | undefined;
  readonly maxOutputTokens: number | undefined;
}

/** What `wait` was asked for. */
export interface WaitArguments {
  readonly cellId: string;
  readonly yieldTimeMs: number | undefined;
  readonly maxTokens: number | undefined;
  readonly terminate: boolean;
}

/** Arguments that cannot be used; the message tells the model what was wrong. */
export class InvalidArguments extends Error {
  override readonly name: string = 'InvalidArguments';
}

const PRAGMA = /^[ \t]*\/\/ @exec:(.*)$/;
const OPTIONS = ['yield_time_ms', 'max_output_tokens'] as const;
const BOTH = '`yield_time_ms` and `max_output_tokens`';

/**
 * Reads the arguments of `exec`. Options in the arguments are stronger than those in the first line
 * of the source. That line stays: it is a comment, and positions in errors count it.
 *
 * @throws InvalidArguments.
 */
export function readExec(args: JsonObject): ExecArguments {
  const { source, ...options } = args;
  if (typeof source !== 'string') {
    throw new InvalidArguments('exec expects raw JavaScript source text in `source`');
  }
  if (source.trim() === '') {
    throw new InvalidArguments(
      'exec expects raw JavaScript source text (non-empty). Put the program in `source`',
    );
  }
  checkOptions(options, `exec only supports \`source\`, ${BOTH}`, 'exec field');
  const merged = { ...pragmaOf(source), ...options };
  return {
    source,
    yieldTimeMs: merged.yield_time_ms as number | undefined,
    maxOutputTokens: merged.max_output_tokens as number | undefined,
  };
}

/**
 * Reads the arguments of `wait`.
 *
 * @throws InvalidArguments.
 */
export function readWait(args: JsonObject): WaitArguments {
  const { cell_id, yield_time_ms, max_tokens, terminate, ...others } = args;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw unparsed(`unknown field \`${unknown}\``);
  if (typeof cell_id !== 'string') throw unparsed('`cell_id` must be a string');
  if (terminate !== undefined && typeof terminate !== 'boolean') {
    throw unparsed('`terminate` must be a boolean');
  }
  for (const [name, value] of Object.entries({ yield_time_ms, max_tokens })) {
    if (value === undefined || isCount(value)) continue;
    throw unparsed(`\`${name}\`: expected a non-negative whole number within range`);
  }
  return {
    cellId: cell_id,
    yieldTimeMs: yield_time_ms as number | undefined,
    maxTokens: max_tokens as number | undefined,
    terminate: terminate ?? false,
  };
}

/**
 * Reads the arguments of `cells`.
 *
 * @returns The ids of the cells to terminate.
 * @throws InvalidArguments.
 */
export function readCells(args: JsonObject): readonly string[] {
  const { terminate = [], ...others } = args;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw unparsed(`unknown field \`${unknown}\``);
  if (Array.isArray(terminate) && terminate.every((id) => typeof id === 'string')) return terminate;
  throw unparsed('`terminate` must be an array of cell IDs');
}

function pragmaOf(source: string): JsonObject {
  const end = source.indexOf('\n');
  const json = PRAGMA.exec(end < 0 ? source : source.slice(0, end).replace(/\r$/, ''))?.[1];
  if (json === undefined) return {};
  if (end < 0 || source.slice(end).trim() === '') {
    throw new InvalidArguments(
      'exec pragma must be followed by JavaScript source on subsequent lines',
    );
  }
  const options = parsePragma(json);
  checkOptions(options, `exec pragma only supports ${BOTH}`, 'exec pragma field');
  return options;
}

function parsePragma(json: string): JsonObject {
  const supported = `supported fields ${BOTH}`;
  let options: unknown;
  try {
    options = json.trim() === '' ? null : JSON.parse(json);
  } catch (error) {
    const detail = messageOf(error);
    throw new InvalidArguments(`exec pragma must be valid JSON with ${supported}: ${detail}`);
  }
  if (isJsonObject(options)) return options;
  throw new InvalidArguments(`exec pragma must be a JSON object with ${supported}`);
}

function checkOptions(options: JsonObject, supports: string, field: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (!OPTIONS.some((option) => option === name)) {
      throw new InvalidArguments(`${supports}; got \`${name}\``);
    }
    if (value === undefined || isCount(value)) continue;
    throw new InvalidArguments(`${field} \`${name}\` must be a non-negative safe integer`);
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function unparsed(problem: string): InvalidArguments {
  return new InvalidArguments(`failed to parse function arguments: ${problem}`);
}
