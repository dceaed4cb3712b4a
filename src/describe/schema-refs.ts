import { isJsonObject, ownValue } from './json-object.ts';

/** Longer than any pointer that a person or a generator writes. */
const MAX_REF_LENGTH = 1_000;

/** What a local reference points to. */
export interface RefTarget {
  /** The pointer, decoded: the same for every spelling. Empty for the whole document. */
  readonly pointer: string;
  readonly schema: unknown;
  /** Whether its path leads through a foreign sub-schema. */
  readonly inForeign: boolean;
}

/**
 * Whether a sub-schema has its own `$id`, so that `#` inside it refers to a document other than
 * these.
 */
export function isForeign(schema: unknown, documents: readonly unknown[]): boolean {
  if (!isJsonObject(schema) || documents.includes(schema)) return false;
  return typeof ownValue(schema, '$id') === 'string';
}

/**
 * Finds the target of a `$ref`: `#` or `#/…`, a JSON pointer (RFC 6901) as a URI fragment.
 *
 * @param documents Where to look; the first that has the target wins.
 * @returns Null if it is not such a pointer, is longer than 1,000 UTF-16 units, or has no target.
 */
export function resolveLocalRef(documents: readonly unknown[], ref: string): RefTarget | null {
  const pointer = decodePointer(ref);
  if (pointer === null) return null;
  for (const document of documents) {
    const target = follow(document, pointer, documents);
    if (target !== null) return target;
  }
  return null;
}

function decodePointer(ref: string): string | null {
  if (ref.length > MAX_REF_LENGTH || (ref !== '#' && !ref.startsWith('#/'))) return null;
  try {
    return decodeURIComponent(ref.slice(1));
  } catch {
    return null;
  }
}

function follow(
  document: unknown,
  pointer: string,
  documents: readonly unknown[],
): RefTarget | null {
  let schema = document;
  let inForeign = false;
  for (const segment of pointer.split('/').slice(1)) {
    const name = segment.replaceAll('~1', '/').replaceAll('~0', '~');
    if (!hasMember(schema, name)) return null;
    schema = ownValue(schema, name);
    inForeign ||= isForeign(schema, documents);
  }
  return { pointer, schema, inForeign };
}

function hasMember(value: unknown, name: string): value is object {
  if (Array.isArray(value)) return /^\d+$/.test(name) && Object.hasOwn(value, name);
  return isJsonObject(value) && Object.hasOwn(value, name);
}
