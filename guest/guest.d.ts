// The globals of a cell, for editors and for a type check: docs/guest.md. Load them with
// `"types": ["cellhost/guest"]` and `"lib": ["esnext"]`, without the types of Node.js or of browsers.

/** An MCP content block. */
interface CellContentBlock {
  readonly type: 'text' | 'image' | 'audio' | 'resource' | 'resource_link';
  readonly [field: string]: unknown;
}

/** How closely a model looks at an image. */
type CellImageDetail = 'auto' | 'low' | 'high' | 'original';

/** What `image` shows: an object with a `data:` URL, or an MCP image block. */
type CellImage =
  | { readonly image_url: string; readonly detail?: CellImageDetail | null }
  | { readonly type: 'image'; readonly data: string; readonly mimeType?: string };

/** What `audio` shows: an object with a `data:` URL, or an MCP audio block. */
type CellAudio =
  | { readonly audio_url: string }
  | { readonly type: 'audio'; readonly data: string; readonly mimeType?: string };

/** How one of several promises settled. `index` is its place, or its key in a `Map`. */
type CellSettled<Value, Index = number> =
  | { readonly index: Index; readonly status: 'fulfilled'; readonly value: Value }
  | { readonly index: Index; readonly status: 'rejected'; readonly reason: any };

/**
 * The tools of a cell. To give yours types, declare them in this interface again:
 * `interface CellTools { add(args: { a: number; b: number }): Promise<number> }`.
 */
interface CellTools {
  readonly [identifier: string]: (input?: any) => Promise<any>;
}

/**
 * Calls a tool: resolves with its JSON result and rejects with an `Error` if it fails. A call that is
 * still pending when the cell ends is cancelled.
 */
declare const tools: CellTools;

/** The tools that the cell can call, by their identifiers. */
declare const ALL_TOOLS: readonly { readonly name: string; readonly description: string }[];

/** Shows a string as it is, and any other value as JSON. */
declare function text(value: unknown): void;

/** Shows an image: a `data:` URL, an object with one, or an MCP image block. Default detail: `high`. */
declare function image(image: string | CellImage, detail?: CellImageDetail | null): void;

/** Shows audio: a `data:` URL, an object with one, or an MCP audio block. */
declare function audio(audio: string | CellAudio): void;

/** Shows one MCP content block, or an array of them. */
declare function content(blocks: CellContentBlock | readonly CellContentBlock[]): void;

/** Shows the image of an image generation result, and its `output_hint` as text. */
declare function generatedImage(result: CellImage & { readonly output_hint?: string }): void;

/** Sends a message to the conversation at once, without ending the turn. It must not be blank. */
declare function notify(value: unknown): void;

/** Keeps a JSON value for later cells of the session. */
declare function store(key: string, value: unknown): void;

/** The JSON value that this cell or an earlier one stored; `undefined` if there is none. */
declare function load(key: string): any;

/** Lets the model see the output so far. The cell keeps running. */
declare function yield_control(): void;

/** Ends the cell at once, successfully. */
declare function exit(): never;

/** Calls a function after that many milliseconds. Arguments for the function are not supported. */
declare function setTimeout(callback: () => void, ms?: number): number;

/** Cancels a timer. An id without a timer has no effect. */
declare function clearTimeout(id: number | null | undefined): void;

/** How each promise of a `Map` settles, in the order in which they settle. */
declare function as_settled<Key, Value>(
  promises: ReadonlyMap<Key, Value>,
): AsyncGenerator<CellSettled<Awaited<Value>, Key>, void>;

/** How each promise settles, in the order in which they settle. */
declare function as_settled<Value>(
  promises: Iterable<Value>,
): AsyncGenerator<CellSettled<Awaited<Value>>, void>;

/** Calls a function with how each promise of a `Map` settles. The function is awaited each time. */
declare function stream_settled<Key, Value>(
  promises: ReadonlyMap<Key, Value>,
  callback: (settled: CellSettled<Awaited<Value>, Key>) => unknown,
): Promise<void>;

/** Calls a function with how each promise settles. The function is awaited each time. */
declare function stream_settled<Value>(
  promises: Iterable<Value>,
  callback: (settled: CellSettled<Awaited<Value>>) => unknown,
): Promise<void>;
