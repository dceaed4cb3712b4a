/** Built-ins as they were before the program could change them. */
export type Intrinsics = ReturnType<typeof captureIntrinsics>;

/**
 * Captures the built-ins that the helpers need. Methods become plain functions, so that nothing that a
 * program overwrites is looked up later. Uses nothing from outside itself.
 */
export function captureIntrinsics() {
  const { apply } = Reflect;
  const bind =
    <This, Args extends readonly unknown[], Result>(
      method: (this: This, ...args: Args) => Result,
    ): ((self: This, ...args: Args) => Result) =>
    (self, ...args) =>
      apply(method, self, args);
  const { stringify, parse } = JSON;
  const { defineProperty, create, hasOwn, keys } = Object;
  const { prototype: typed } = Object.getPrototypeOf(Uint8Array);
  const getter = <Result = number>(prototype: object, name: string) =>
    bind(Object.getOwnPropertyDescriptor(prototype, name)!.get as (this: object) => Result);
  type Each = (this: object, visit: (value: unknown, key: unknown) => void) => void;
  const mapPrototype = Map.prototype as Map<string | number, never>;
  const members = {
    __proto__: null,
    stringify,
    parse,
    defineProperty,
    create,
    hasOwn,
    keys,
    apply,
    isArray: Array.isArray,
    Error,
    Promise,
    String,
    Number,
    Map,
    Proxy,
    Uint8Array,
    trunc: Math.trunc,
    promiseThen: bind(
      Promise.prototype.then as (this: object, done: unknown, failed: unknown) => object,
    ),
    objectToString: bind(Object.prototype.toString),
    errorToString: bind(Error.prototype.toString),
    charCodeAt: bind(String.prototype.charCodeAt),
    indexOf: bind(
      String.prototype.indexOf as (this: string, part: string, from?: number) => number,
    ),
    slice: bind(String.prototype.slice as (this: string, from: number, to?: number) => string),
    trim: bind(String.prototype.trim),
    toLowerCase: bind(String.prototype.toLowerCase),
    mapForEach: bind(Map.prototype.forEach as Each),
    mapSize: getter(Map.prototype, 'size'),
    setForEach: bind(Set.prototype.forEach as Each),
    setSize: getter(Set.prototype, 'size'),
    typedLength: getter(typed, 'length'),
    bufferLength: getter(ArrayBuffer.prototype, 'byteLength'),
    regExpSource: getter<string>(RegExp.prototype, 'source'),
    regExpFlags: getter<string>(RegExp.prototype, 'flags'),
    mapGet: bind(mapPrototype.get as (this: object, key: unknown) => unknown),
    mapSet: bind(
      mapPrototype.set as unknown as (this: object, key: unknown, value: unknown) => object,
    ),
    mapHas: bind(mapPrototype.has as (this: object, key: unknown) => boolean),
    mapDelete: bind(mapPrototype.delete as (this: object, key: unknown) => boolean),
  };
  // As a prototype, it becomes as fast to read as an ordinary object once it is read often.
  return create(members) as typeof members;
}
