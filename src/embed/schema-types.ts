import type { StandardSchemaV1 } from '@standard-schema/spec';

/** A JSON Schema: draft 2020-12, or draft 7 if its `$schema` says so. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** What describes a value: a Standard Schema, such as one of zod, valibot or arktype, or a JSON Schema. */
export type ValueSchema = StandardSchemaV1 | JsonSchema;

/** The type of the values that a schema lets pass, after its transformations. Unknown without a schema. */
export type ValueOf<S> = S extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<S>
  : FromJsonSchema<S>;

/** The type of the values that a schema accepts, before its transformations. Unknown without a schema. */
export type AcceptedBy<S> = S extends StandardSchemaV1
  ? StandardSchemaV1.InferInput<S>
  : FromJsonSchema<S>;

/**
 * The type that a literal JSON Schema describes: types, `properties`, `required`, `items`, `enum` and
 * `const`. Other keywords do not narrow it; what cannot be read is unknown.
 */
export type FromJsonSchema<S> = S extends { readonly const: infer C }
  ? C
  : S extends { readonly enum: readonly (infer E)[] }
    ? E
    : S extends { readonly type: infer T }
      ? FromType<T, S>
      : unknown;

/** What a JSON Schema with this `type` describes. */
export type FromType<T, S> = T extends 'string'
  ? string
  : T extends 'number' | 'integer'
    ? number
    : T extends 'boolean'
      ? boolean
      : T extends 'null'
        ? null
        : T extends 'array'
          ? readonly (S extends { readonly items: infer I } ? FromJsonSchema<I> : unknown)[]
          : T extends 'object'
            ? FromObject<S>
            : T extends readonly (infer Each)[]
              ? FromType<Each, S>
              : unknown;

/** What a JSON Schema with these `properties` describes. */
export type FromObject<S> = S extends { readonly properties: infer P }
  ? { readonly [K in keyof P as K extends RequiredIn<S> ? K : never]: FromJsonSchema<P[K]> } & {
      readonly [K in keyof P as K extends RequiredIn<S> ? never : K]?: FromJsonSchema<P[K]>;
    }
  : { readonly [key: string]: unknown };

/** The names that a JSON Schema requires. */
export type RequiredIn<S> = S extends { readonly required: readonly (infer R)[] } ? R : never;
