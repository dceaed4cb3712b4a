import { isJsonObject, type JsonObject, ownValue } from './json-object.ts';
import { RenderBudget } from './render-budget.ts';
import { literalText } from './schema-literals.ts';
import { objectTypeText } from './schema-members.ts';
import { isForeign, resolveLocalRef } from './schema-refs.ts';

const MAX_RESULT_BYTES = 16_000;
const MAX_DEPTH = 256;
const MAX_EXPANSIONS_ON_PATH = 2;

/** How to render a schema. */
export interface SchemaOptions {
  /** Maximum length of the result, in bytes of UTF-8; a longer one becomes `unknown`. Default: 16,000. */
  readonly maxBytes?: number;
  /**
   * The documents that local references point into; the first that has the target wins. Set it for
   * a schema that is part of another. Default: the schema itself.
   */
  readonly documents?: readonly unknown[];
}

/** A position in a schema, and the path to it. */
interface Place {
  readonly documents: readonly unknown[];
  readonly budget: RenderBudget;
  readonly depth: number;
  /** False inside a sub-schema with an `$id`: its references point into another document. */
  readonly resolvesRefs: boolean;
  /** How often each pointer was expanded on the path to here. */
  readonly expanded: ReadonlyMap<string, number>;
}

/**
 * A JSON Schema as a TypeScript type, for people and models to read.
 *
 * It is an approximation: constraints that TypeScript cannot express are left out. Parts that cannot
 * be rendered become `unknown`. The whole becomes `unknown` if it would exceed `maxBytes`, if
 * writing it takes more than 64,000 bytes, or if reading the schema throws. At most 32 references
 * are expanded, each at most twice on one path, and 256 levels of nesting are rendered.
 *
 * @param schema Any value. It is not changed.
 * @returns A type in valid syntax; on several lines if properties have descriptions.
 */
export function schemaToTypescript(schema: unknown, options: SchemaOptions = {}): string {
  const place: Place = {
    documents: options.documents ?? [schema],
    budget: new RenderBudget(),
    depth: 0,
    resolvesRefs: true,
    expanded: new Map(),
  };
  try {
    const type = render(schema, place);
    return Buffer.byteLength(type) <= (options.maxBytes ?? MAX_RESULT_BYTES) ? type : 'unknown';
  } catch {
    // The budget is exhausted, or a getter or proxy trap of the schema threw.
    return 'unknown';
  }
}

function render(schema: unknown, place: Place): string {
  place.budget.step();
  if (schema === false) return place.budget.write('never');
  if (!isJsonObject(schema) || place.depth === MAX_DEPTH) return place.budget.write('unknown');
  const inner = enter(schema, place);
  const ref = ownValue(schema, '$ref');
  return typeof ref === 'string' ? renderRef(ref, schema, inner) : renderWithoutRef(schema, inner);
}

function enter(schema: JsonObject, place: Place): Place {
  const resolvesRefs = place.resolvesRefs && !isForeign(schema, place.documents);
  return { ...place, depth: place.depth + 1, resolvesRefs };
}

function renderRef(ref: string, schema: JsonObject, place: Place): string {
  const target = renderTarget(ref, place);
  const siblings = renderWithoutRef(schema, place);
  if (siblings === 'unknown') return target;
  if (target === 'unknown') return siblings;
  place.budget.write('() & ()');
  return `(${target}) & (${siblings})`;
}

function renderTarget(ref: string, place: Place): string {
  const { documents, budget, resolvesRefs, expanded } = place;
  const target = resolvesRefs ? resolveLocalRef(documents, ref) : null;
  if (target === null) return budget.write('unknown');
  const before = expanded.get(target.pointer) ?? 0;
  if (before === MAX_EXPANSIONS_ON_PATH || !budget.takeExpansion()) return budget.write('unknown');
  return render(target.schema, {
    ...place,
    resolvesRefs: !target.inForeign,
    expanded: new Map(expanded).set(target.pointer, before + 1),
  });
}

function renderWithoutRef(schema: JsonObject, place: Place): string {
  const constant = ownValue(schema, 'const');
  if (constant !== undefined) return literalText(constant, place.budget);
  const values = listOf(schema, 'enum');
  if (values) return joined(values, ' | ', place, (value) => literalText(value, place.budget));
  const union = listOf(schema, 'anyOf') ?? listOf(schema, 'oneOf');
  if (union) return joined(union, ' | ', place, (member) => render(member, place));
  const parts = listOf(schema, 'allOf');
  if (parts) return joined(parts, ' & ', place, (part) => grouped(render(part, place), place));
  const type = ownValue(schema, 'type');
  if (typeof type === 'string') return renderType(type, schema, place);
  const types = listOf(schema, 'type');
  if (types) return joined(types, ' | ', place, (each) => renderType(each, schema, place));
  return renderUntyped(schema, place);
}

/** The list of a keyword; null if it has none or an empty one. */
function listOf(schema: JsonObject, keyword: string): readonly unknown[] | null {
  const list = ownValue(schema, keyword);
  return Array.isArray(list) && list.length > 0 ? list : null;
}

function joined(
  list: readonly unknown[],
  separator: string,
  { budget }: Place,
  renderEach: (element: unknown) => string,
): string {
  const texts: string[] = [];
  // Not map: a sparse array can be far longer than the message that created it.
  for (const element of list) {
    if (texts.length > 0) budget.write(separator);
    texts.push(renderEach(element));
  }
  return texts.join(separator);
}

function grouped(type: string, { budget }: Place): string {
  if (!type.includes(' | ')) return type;
  budget.write('()');
  return `(${type})`;
}

function renderType(type: unknown, schema: JsonObject, place: Place): string {
  place.budget.step();
  if (type === 'object') return renderObject(schema, place);
  if (type === 'array') return renderArray(schema, place);
  if (type === 'integer') return place.budget.write('number');
  const isName = type === 'string' || type === 'number' || type === 'boolean' || type === 'null';
  return place.budget.write(isName ? type : 'unknown');
}

function renderUntyped(schema: JsonObject, place: Place): string {
  const has = (keyword: string) => ownValue(schema, keyword) !== undefined;
  if (has('properties') || has('additionalProperties') || has('required')) {
    return renderObject(schema, place);
  }
  if (has('items') || has('prefixItems')) return renderArray(schema, place);
  return place.budget.write('unknown');
}

function renderArray(schema: JsonObject, place: Place): string {
  const items = ownValue(schema, 'items');
  if (items !== undefined) {
    place.budget.write('Array<>');
    return `Array<${render(items, place)}>`;
  }
  const tuple = listOf(schema, 'prefixItems');
  if (!tuple) return place.budget.write('unknown[]');
  place.budget.write('[]');
  return `[${joined(tuple, ', ', place, (item) => render(item, place))}]`;
}

function renderObject(schema: JsonObject, place: Place): string {
  const given = ownValue(schema, 'properties');
  const properties = isJsonObject(given) ? given : {};
  const required = requiredNames(schema, place);
  const names = Object.keys(properties);
  place.budget.step(names.length);
  const members = names.sort().map((name) => {
    const property = ownValue(properties, name);
    const description = isJsonObject(property) ? ownValue(property, 'description') : undefined;
    return {
      name,
      required: required.has(name),
      type: render(property, place),
      description: typeof description === 'string' ? description : undefined,
    };
  });
  return objectTypeText(members, renderRest(schema, members.length === 0, place), place.budget);
}

function requiredNames(schema: JsonObject, place: Place): ReadonlySet<unknown> {
  const names = listOf(schema, 'required') ?? [];
  place.budget.step(names.length);
  return new Set(names);
}

function renderRest(schema: JsonObject, isEmpty: boolean, place: Place): string | null {
  const rest = ownValue(schema, 'additionalProperties') ?? isEmpty;
  return rest === false ? null : render(rest, place);
}
