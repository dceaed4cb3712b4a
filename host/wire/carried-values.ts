import { JsonText } from '../../src/delegate.ts';
import { ErrorText } from '../../src/errors.ts';

/**
 * Where large messages may have values that nobody looks into: the result of a tool, the message of
 * its error, and the schemas of tools. `null` stands for a value that is parsed with its message.
 */
export type Way = 'json' | 'text' | null | Ways | readonly [Ways];
export interface Ways {
  readonly [key: string]: Way;
}

const TOOL: Ways = {
  name: null,
  tool_name: { name: null, namespace: null },
  description: null,
  kind: null,
  input_schema: 'json',
  output_schema: 'json',
};

/** The ways in the messages of a client, with all keys that such a message may have. */
export const CLIENT_MESSAGE: Ways = {
  type: null,
  id: null,
  result: {
    status: null,
    message: 'text',
    code: null,
    value: { type: null, result: 'json' },
  },
  request: {
    method: null,
    sessionId: null,
    cellId: null,
    cellExecutionLimits: null,
    outputTruncation: null,
    options: null,
    maxOutputTokens: null,
    token: null,
    generation: null,
    after: null,
    request: {
      tool_call_id: null,
      enabled_tools: [TOOL],
      source: null,
      yield_time_ms: null,
      max_output_tokens: null,
      observe: null,
      preempted: null,
      keepEvents: null,
      cell_id: null,
    },
  },
};

export function isWays(way: Way | undefined): way is Ways {
  return typeof way === 'object' && way !== null && !Array.isArray(way);
}

/**
 * Puts the values that are carried into a message that was parsed without them, in place.
 *
 * @param value What was parsed, with the number of a carried value instead of each one.
 * @param carried The bytes of each, which are JSON.
 */
export function putCarried(value: unknown, way: Way, carried: readonly Buffer[]): unknown {
  if (way === 'json') return value === null ? null : new JsonText(carried[value as number]!);
  if (way === 'text') return value === null ? null : errorText(carried[value as number]!);
  if (typeof value !== 'object' || value === null || way === null) return value;
  if (isWays(way)) {
    const members = value as Record<string, unknown>;
    for (const key of Object.keys(members)) {
      const next = Object.hasOwn(way, key) ? way[key]! : null;
      if (next !== null) members[key] = putCarried(members[key], next, carried);
    }
  } else if (Array.isArray(value)) {
    for (const element of value) putCarried(element, (way as readonly [Ways])[0], carried);
  }
  return value;
}

/** False stands for what is no text: no message has it there. */
function errorText(json: Buffer): ErrorText | false {
  return json[0] === '"'.charCodeAt(0) && new ErrorText(json, true);
}
