/** In the language, and not yet in the types of TypeScript. */
interface ExactJson {
  rawJSON(text: string): unknown;
  parse(
    text: string,
    reviver: (this: object, key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
}

const exactJson = JSON as unknown as ExactJson;

/** The id of a request: 64 bits with a sign. A bigint where a number would not be exact. */
export type RequestId = number | bigint;

/**
 * The message with its id as it was written: `JSON.parse` rounds integers above 2^53.
 *
 * Costs next to nothing for a message whose id is exact already; any other is parsed once more.
 *
 * @param message What `JSON.parse` made of the text.
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

/** The id as `JSON.stringify` is to write it. */
export function toWireId(id: RequestId): unknown {
  return typeof id === 'bigint' ? exactJson.rawJSON(String(id)) : id;
}

/** The text of the number that is the id of the whole message, not of something in it. */
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
