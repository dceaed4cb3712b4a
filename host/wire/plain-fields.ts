/**
 * Checks of fields by hand, for the messages that hosts wait for or read most. They accept only what the
 * schemas accept.
 */

/** The bound of times and sizes of 64 bits. The largest are not exact, which does not matter. */
export const MAX_AMOUNT = 2 ** 64;
export const MAX_TOKENS = 0x7fffffff;

/** Whether it is an object with exactly so many fields. Only for what `JSON.parse` returns. */
export function hasFields(
  value: unknown,
  fields: number,
): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  let count = 0;
  for (const _ in value) count += 1;
  return count === fields;
}

/** What a message asks for, which is exactly a request with an exact id; undefined if it is none. */
export function operationIn(message: unknown): unknown {
  if (!hasFields(message, 3) || message.type !== 'operation/request') return undefined;
  return Number.isSafeInteger(message.id) ? message.request : undefined;
}

/** A time or a size of 64 bits. */
export function isAmount(value: unknown): boolean {
  return isWhole(value, MAX_AMOUNT);
}

/** A number of tokens, or null. */
export function isTokens(value: unknown): boolean {
  return value === null || isWhole(value, MAX_TOKENS);
}

function isWhole(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}
