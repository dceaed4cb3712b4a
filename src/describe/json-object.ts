/** An untrusted object: any keys, any values. */
export type JsonObject = { readonly [key: string]: unknown };

/** Whether a value is an object with named members: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The value of an object's own member, or undefined. Inherited members are ignored, so the name
 * may be `__proto__` or `constructor`.
 */
export function ownValue(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as JsonObject)[name] : undefined;
}
