import type { OutputItem } from '../events.ts';

/** Budget of an answer whose request sets none, in tokens. */
export const DEFAULT_OUTPUT_TOKENS = 10_000;

/** The size of a token, in bytes of UTF-8. */
const BYTES_PER_TOKEN = 4;

/**
 * Cuts output to a budget, as Codex does for its models: the beginning and the end stay, and a mark
 * between them says how much is missing. Images are never cut.
 *
 * @param tokens The budget; a token counts as four bytes.
 */
export function truncateOutput(
  items: readonly OutputItem[],
  tokens: number,
): readonly OutputItem[] {
  const texts = items.flatMap((item) => (item.type === 'input_text' ? [item.text] : []));
  if (texts.length < items.length) return truncateMixed(items, tokens);
  const joined = Buffer.from(texts.join('\n'));
  if (joined.length <= tokens * BYTES_PER_TOKEN) return items;
  const head = `Warning: truncated output (original token count: ${tokensOf(joined.length)})\nTotal output lines: ${linesIn(joined)}\n\n`;
  return [textItem(head + truncateBytes(joined, tokens))];
}

/**
 * What output costs against a budget, in tokens. Images cost nothing. Output that costs more than
 * its budget is cut.
 */
export function outputTokens(items: readonly OutputItem[]): number {
  const texts = items.flatMap((item) => (item.type === 'input_text' ? [item.text] : []));
  if (texts.length === items.length) return tokensOf(Buffer.byteLength(texts.join('\n')));
  return items.reduce((sum, item) => sum + costOf(item), 0);
}

function costOf(item: OutputItem): number {
  if (item.type === 'input_image') return 0;
  return tokensOf(Buffer.byteLength(item.type === 'input_text' ? item.text : item.audio_url));
}

/** Items use the budget in order. Those that follow when it is used up are counted, not shown. */
function truncateMixed(items: readonly OutputItem[], tokens: number): readonly OutputItem[] {
  const kept: OutputItem[] = [];
  const omitted = { text: 0, audio: 0 };
  let left = tokens;
  for (const item of items) {
    if (item.type === 'input_image') {
      kept.push(item);
      continue;
    }
    const kind = item.type === 'input_text' ? 'text' : 'audio';
    const bytes = Buffer.from(item.type === 'input_text' ? item.text : item.audio_url);
    const cost = tokensOf(bytes.length);
    if (left > 0 && cost <= left) {
      kept.push(item);
      left -= cost;
    } else if (left > 0 && kind === 'text') {
      kept.push(textItem(truncateBytes(bytes, left)));
      left = 0;
    } else {
      omitted[kind] += 1;
    }
  }
  for (const [kind, count] of Object.entries(omitted)) {
    if (count > 0) kept.push(textItem(`[omitted ${count} ${kind} items ...]`));
  }
  return kept;
}

function truncateBytes(bytes: Buffer, tokens: number): string {
  const budget = tokens * BYTES_PER_TOKEN;
  const first = characterStart(bytes, Math.floor(budget / 2), -1);
  const last = characterStart(bytes, bytes.length - Math.ceil(budget / 2), 1);
  const missing = tokensOf(bytes.length - budget);
  return `${bytes.toString('utf8', 0, first)}…${missing} tokens truncated…${bytes.toString('utf8', last)}`;
}

/** The nearest start of a character from `at`, so that no character is cut. */
function characterStart(bytes: Buffer, at: number, step: 1 | -1): number {
  let place = at;
  while (place > 0 && place < bytes.length && (bytes.readUInt8(place) & 0xc0) === 0x80) {
    place += step;
  }
  return place;
}

function tokensOf(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

/** A line break at the end of the text starts no other line. */
function linesIn(text: Buffer): number {
  let ends = 0;
  for (const byte of text) if (byte === 0x0a) ends += 1;
  return text.length > 0 && text.at(-1) !== 0x0a ? ends + 1 : ends;
}

function textItem(text: string): OutputItem {
  return { type: 'input_text', text };
}
