import { diff } from 'node:util';
import type { RecordedRequest } from './mock-responses-api.ts';

/** Values that differ from run to run without meaning. */
export interface RunMarks {
  /** The scratch folder of the run. */
  readonly scratch: string;
}

/** One request, without what the previous one already contained. */
export interface Exchange {
  readonly path: string;
  /** How many of the last items of the previous request are missing or changed here. */
  readonly forgotten: number;
  /** The items after those of the previous request. */
  readonly input: readonly unknown[];
  /** Other fields that differ from the previous request. */
  readonly changed: Readonly<Record<string, unknown>>;
}

/** Line of a comparison: in both, only in the first, only in the second. */
export type DiffLine = { readonly sign: ' ' | '-' | '+'; readonly text: string };

const CONTEXT_LINES = 3;
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])';

/**
 * Replaces what differs in every run (ids, times, ports, the scratch folder) by names, and leaves out of
 * each request what the previous one contained.
 *
 * Ids are numbered as they appear, so equal ids stay equal. The ids of items are not numbered, because
 * an additional item would change the names of all later ones.
 */
export function toTranscript(
  requests: readonly RecordedRequest[],
  marks: RunMarks,
): readonly Exchange[] {
  const normalise = normaliser(marks);
  let before: { input: readonly unknown[]; rest: Record<string, unknown> } | undefined;
  return requests.map(({ path, body }) => {
    const { input, ...rest } = normalise(body) as Record<string, unknown>;
    const items = Array.isArray(input) ? (input as readonly unknown[]) : [];
    const known = before?.input ?? [];
    const repeated = countRepeated(known, items);
    const changed = changedFields(before?.rest ?? {}, rest);
    before = { input: items, rest };
    return { path, forgotten: known.length - repeated, input: items.slice(repeated), changed };
  });
}

/** The lines that differ, with some context. Empty if the transcripts are equal. */
export function compareTranscripts(
  first: readonly Exchange[],
  second: readonly Exchange[],
): readonly DiffLine[] {
  if (first.length === 0 && second.length === 0) return [];
  // In this order, -1 marks what only the first has.
  const changes = diff([...renderTranscript(second)], [...renderTranscript(first)]);
  const lines = changes.map(([operation, text]): DiffLine => {
    if (operation === 0) return { sign: ' ', text };
    return { sign: operation < 0 ? '-' : '+', text };
  });
  return aroundChanges(lines);
}

/** A transcript as lines for people. Text keeps its own lines. */
export function renderTranscript(transcript: readonly Exchange[]): readonly string[] {
  return transcript.flatMap((exchange, at) => {
    const { path, forgotten, input, changed } = exchange;
    const missing = forgotten > 0 ? `, without the last ${forgotten} items of before` : '';
    return [`request ${at + 1} to ${path}${missing}`, ...render({ ...changed, input }, '  ')];
  });
}

function render(value: unknown, indent: string): readonly string[] {
  if (typeof value === 'string' && value.includes('\n')) {
    return value.split('\n').map((line) => `${indent}| ${line}`);
  }
  if (typeof value !== 'object' || value === null) return [`${indent}${JSON.stringify(value)}`];
  const entries: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? value.map((item: unknown) => ['-', item])
    : Object.entries(value);
  return entries.flatMap(([name, item]) => {
    const lines = render(item, `${indent}  `);
    const isShort = lines.length === 1 && !lines[0]?.trimStart().startsWith('|');
    return isShort ? [`${indent}${name} ${lines[0]?.trimStart()}`] : [`${indent}${name}`, ...lines];
  });
}

function countRepeated(before: readonly unknown[], now: readonly unknown[]): number {
  const different = before.findIndex((item, at) => !isSame(item, now[at]));
  return different === -1 ? before.length : different;
}

function changedFields(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const gone = Object.keys(before).filter((name) => !(name in now));
  const fresh = Object.entries(now).filter(([name, value]) => !isSame(before[name], value));
  return Object.fromEntries([...fresh, ...gone.map((name) => [name, undefined])]);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Makes a function to be called with the requests of one run in order. */
function normaliser({ scratch }: RunMarks): (value: unknown) => unknown {
  const names = new Map<string, string>();
  const nameOf = (id: string) => {
    const name = names.get(id) ?? `<id ${names.size + 1}>`;
    names.set(id, name);
    return name;
  };
  const inText = (text: string) =>
    text
      .replaceAll(scratch, '<scratch>')
      .replaceAll(new RegExp(`(?<=[a-z]_)${UUID}`, 'g'), '<id>')
      .replaceAll(new RegExp(`(?<![0-9a-f])${UUID}`, 'g'), nameOf)
      .replaceAll(/(?<=chunk_id\\?":\\?"|Chunk ID: )[0-9a-f]+/g, '<chunk>')
      .replaceAll(/(?<=Wall time:? )-?[\d.]+(?= seconds)/g, '<time>')
      .replaceAll(/(?<=\((?:code-mode|overhead) |; overhead )-?[\d.]+(?= seconds)/g, '<time>')
      .replaceAll(/(?<=wall_time_seconds\\?":)[\d.eE+-]+/g, '<time>')
      .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?/g, '<date>')
      .replaceAll(/\b20\d\d-\d\d-\d\d\b/g, '<date>')
      .replaceAll(/(?<=_ms\\?":)\d{13}\b/g, '<time>')
      .replaceAll(/(?<=127\.0\.0\.1:)\d+/g, '<port>');
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return inText(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    // Sort the fields, because ids are numbered in the order in which they are seen.
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([name, item]) => [name, walk(item)]));
  };
  return walk;
}

function aroundChanges(lines: readonly DiffLine[]): readonly DiffLine[] {
  const isNear = lines.map(() => false);
  for (const [at, { sign }] of lines.entries()) {
    if (sign === ' ') continue;
    const to = Math.min(lines.length, at + CONTEXT_LINES + 1);
    isNear.fill(true, Math.max(0, at - CONTEXT_LINES), to);
  }
  return lines.filter((_, at) => isNear[at]);
}
