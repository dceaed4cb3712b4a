/** One thing that is wrong with a value. */
export interface Problem {
  /** Where: property names and indexes, from the outside. */
  readonly path: readonly PropertyKey[];
  /** What, as the end of a sentence about that place. */
  readonly text: string;
}

/** A value that passed, perhaps transformed, or what is wrong with it. */
export type Checked = { readonly value: unknown } | { readonly problems: readonly Problem[] };

/** Checks a value. @param length Of its JSON text, in UTF-16 units. */
export type ValueCheck = (value: unknown, length: number) => Checked | Promise<Checked>;

/** Problems that are listed, at most. */
const MAX_LISTED = 10;
const MAX_TEXT = 300;

/**
 * What is wrong with a value, one problem a line, for a model that has to repair its call.
 *
 * @param title What the value is.
 * @param expected The type that was expected, as TypeScript.
 */
export function problemText(
  title: string,
  problems: readonly Problem[],
  expected: string | null,
): string {
  const listed = problems.slice(0, MAX_LISTED).map(lineOf);
  const others = problems.length - listed.length;
  return [
    `${title}:`,
    ...listed,
    ...(others > 0 ? [`- and ${others} more`] : []),
    ...(expected === null ? [] : [`Expected: ${expected}`]),
  ].join('\n');
}

/** The kind of a JSON value in one word, with the value if it is short. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') {
    return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value);
  }
  return typeof value === 'object' ? 'an object' : String(value);
}

function lineOf({ path, text }: Problem): string {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  return `- ${path.length === 0 ? 'the value' : placeOf(path)}: ${short}`;
}

/** As a program would write it: `items[2].name`. */
function placeOf(path: readonly PropertyKey[]): string {
  const parts = path.map((key, index) => {
    const name = String(key);
    if (/^\d+$/.test(name)) return `[${name}]`;
    if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) return `[${JSON.stringify(name)}]`;
    return index === 0 ? name : `.${name}`;
  });
  const place = parts.join('');
  return place.length > MAX_TEXT ? `${place.slice(0, MAX_TEXT)}…` : place;
}
