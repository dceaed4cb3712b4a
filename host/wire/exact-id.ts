/** Part of the language, but missing in TypeScript's types. */
interface ExactJson {
  rawJSON(text: string): unknown;
  parse(
    text: string,
    reviver: (this: object, key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
}

const exactJson = JSON as unknown as ExactJson;

/** The id of a request: a signed 64-bit integer; a bigint if a number would not be exact. */
export type RequestId = number | bigint;

/**
 * The message with its exact id: `JSON.parse` rounds integers above 2^53.
 *
 * Costs almost nothing if the id is already exact; otherwise the message is parsed again.
 *
 * @param message The result of `JSON.parse` for the text.
 */
export function withExactId(message: unknown, text: string): unknown {
  if (typeof message !== 'object' || message === null || !('id' in message)) return message;
  const { id } = message;
  if (!Number.isInteger(id) || Number.isSafeInteger(id)) return message;
  const source = idSource(text);
  return source !== undefined && /^-?\d+$/.test(source)
    ? { ...message, id: BigInt(source) }
    : message;
}

/** The id in a form that `JSON.stringify` writes exactly. */
export function toWireId(id: RequestId): unknown {
  return typeof id === 'bigint' ? exactJson.rawJSON(String(id)) : id;
}

/** The text of the message's own id, not of an id inside it. */
function idSource(text: string): string | undefined {
  const sources = new WeakMap<object, string>();
  let source: string | undefined;
  exactJson.parse(text, function (key, value, { source: written }) {
    if (key === 'id' && written !== undefined) sources.set(this, written);
    // The last call is for the message itself.
    if (key === '' && typeof value === 'object' && value !== null) source = sources.get(value);
    return value;
  });
  return source;
}
