// The globals of a cell whose session has the option `globals: 'web'`.

/** The bytes that web globals accept. */
type CellBytes = ArrayBuffer | ArrayBufferView;

/** What a `URLSearchParams` is made of. */
type CellSearchParams =
  | string
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string>>;

/** A URL by the URL standard. */
declare class URL {
  constructor(url: string | URL, base?: string | URL);
  static canParse(url: string | URL, base?: string | URL): boolean;
  static parse(url: string | URL, base?: string | URL): URL | null;
  href: string;
  readonly origin: string;
  protocol: string;
  username: string;
  password: string;
  host: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  readonly searchParams: URLSearchParams;
  hash: string;
  toString(): string;
  toJSON(): string;
}

/** The query of a URL. */
declare class URLSearchParams {
  constructor(init?: CellSearchParams);
  readonly size: number;
  append(name: string, value: string): void;
  delete(name: string, value?: string): void;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string, value?: string): boolean;
  set(name: string, value: string): void;
  sort(): void;
  forEach(callback: (value: string, name: string, params: URLSearchParams) => void): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
  toString(): string;
}

/** Text to bytes of UTF-8. */
declare class TextEncoder {
  readonly encoding: string;
  encode(text?: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, target: Uint8Array): { read: number; written: number };
}

/** Bytes to text, in any encoding of the encoding standard. */
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(bytes?: CellBytes, options?: { stream?: boolean }): string;
}

/** An error of the web platform. Its `name` tells what happened. */
declare class DOMException extends Error {
  constructor(message?: string, name?: string);
  readonly code: number;
}

/** A deep copy, also of Maps, Sets, Dates, errors and typed arrays. */
declare function structuredClone<Value>(
  value: Value,
  options?: { transfer?: readonly ArrayBuffer[] },
): Value;

/** Base64 to a string of bytes. */
declare function atob(base64: string): string;

/** A string of bytes to Base64. */
declare function btoa(bytes: string): string;

/** Calls a function when the running code is done, before timers and answers. */
declare function queueMicrotask(callback: () => void): void;

/** `randomUUID` makes a random UUID of version 4, from the system's source of randomness. */
declare const crypto: { randomUUID(): string };
