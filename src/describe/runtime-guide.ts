import type { GuestGlobals } from '../sandbox.ts';

/** What programs have besides the globals that are always there. */
export interface GuideOptions {
  /** Whether programs have `tools.search` and `tools.describe`. Default: false. */
  readonly search?: boolean;
  /** Whether programs have `tools.output` for output that was cut. Default: false. */
  readonly output?: boolean;
  /** Whether programs have a `console`. Default: false. */
  readonly console?: boolean;
  /** Which globals programs have. Default: `standard`. */
  readonly globals?: GuestGlobals;
}

/**
 * What a model has to know to write a program: what a program is, how it calls tools and shows
 * results, and how a long one continues. At most 3,000 UTF-16 units.
 */
export function runtimeGuide(options: GuideOptions): string {
  const lines = [
    ...BASICS,
    ...(options.console ? [CONSOLE] : []),
    ...(options.globals === 'web' ? [WEB] : []),
    STATE,
    ...YIELDING,
    ...(options.output ? [OUTPUT] : []),
  ];
  return [INTRODUCTION, lines.join('\n'), findingTools(options)].join('\n\n');
}

const INTRODUCTION = `Runs a program in JavaScript, or in TypeScript whose types can be erased. Programs call tools as \`await tools.NAME(args)\`, and only what a program shows is returned. Write one program that makes many calls rather than many programs that make one.`;

const BASICS = [
  '- `source` is the program itself: an ES module with top-level `await`, without code fences, imports or a top-level `return`. There is no network, file system or Node.js API.',
  '- `text(value)` shows a string, or any other value as JSON. `image(x)`, `audio(x)` and `content(blocks)` show media; they accept MCP content blocks.',
  '- Calls that do not depend on each other run together: `await Promise.all([...])`. What is still pending when the program ends is cancelled, so await what matters.',
  '- A call that fails throws an `Error`. A tool of an MCP server resolves with `{ content, structuredContent?, isError? }`: check `isError`.',
];
const CONSOLE = '- `console.log(...)` shows text, too.';
const WEB =
  '- `URL`, `URLSearchParams`, `TextEncoder`, `TextDecoder`, `structuredClone`, `atob`, `btoa`, `queueMicrotask` and `crypto.randomUUID` are there.';
const STATE =
  '- `store(key, value)` keeps a JSON value for later programs, which read it with `load(key)`. `notify(value)` sends a message at once. `exit()` ends the program.';
const YIELDING = [
  '- A program that runs longer than `yield_time_ms`, or calls `yield_control()`, keeps running. The header then has its cell ID: call `wait` with it. Do not run the program again.',
  '- Both options can also be the first line of the source: `// @exec: {"yield_time_ms": 30000, "max_output_tokens": 20000}`.',
];
const OUTPUT =
  '- Output over the budget is cut in the middle, and the header says so. `await tools.output({ cell_id, from, to })` reads characters `from` to `to` of the whole.';

function findingTools({ search }: GuideOptions): string {
  const list = '`ALL_TOOLS` lists the tools as `{ name, description }`.';
  if (!search) return list;
  return `${list} \`await tools.search({ query, limit })\` ranks them by what they do and returns \`{ name, description }\`; \`await tools.describe(name)\` returns a declaration with the types of the arguments and the result.`;
}
