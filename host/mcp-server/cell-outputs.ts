import type { OutputItem } from '../../src/events.ts';

const MAX_CELLS = 64;
const MAX_LENGTH = 32 * 1024 * 1024;

/** A part of a cell's output. Positions are UTF-16 units. */
export interface OutputPart {
  readonly text: string;
  readonly from: number;
  readonly to: number;
  /** Length of the whole output. */
  readonly total: number;
}

/**
 * The whole output of the latest cells: of 64 cells at most, and 64 MiB of text (two bytes for each
 * UTF-16 unit). The oldest cell is forgotten first.
 */
export class CellOutputs {
  readonly #texts = new Map<string, string>();
  #length = 0;

  /** Adds output to a cell's. Each item begins a line; media are named, not kept. */
  add(key: string, items: readonly OutputItem[]): void {
    const before = this.#texts.get(key);
    if (items.length === 0 && before !== undefined) return;
    const lines = items.map((item) => (item.type === 'input_text' ? item.text : `[${item.type}]`));
    const added = lines.join('\n');
    const text = before === undefined || before === '' ? added : `${before}\n${added}`;
    this.#texts.delete(key);
    this.#texts.set(key, text);
    this.#length += text.length - (before?.length ?? 0);
    this.#evict();
  }

  /** All output of a cell so far; undefined if it is not kept. */
  whole(key: string): string | undefined {
    return this.#texts.get(key);
  }

  /** A part of it; undefined if it is not kept. Positions outside are moved to its ends. */
  part(key: string, from: number, to: number): OutputPart | undefined {
    const text = this.#texts.get(key);
    if (text === undefined) return undefined;
    const start = Math.min(Math.max(0, from), text.length);
    const end = Math.min(Math.max(start, to), text.length);
    return { text: text.slice(start, end), from: start, to: end, total: text.length };
  }

  /** The keys that are kept and begin with this prefix, the oldest first. */
  keys(prefix: string): readonly string[] {
    return [...this.#texts.keys()].filter((key) => key.startsWith(prefix));
  }

  #evict(): void {
    for (const [key, text] of this.#texts) {
      if (this.#texts.size <= MAX_CELLS && this.#length <= MAX_LENGTH) return;
      this.#texts.delete(key);
      this.#length -= text.length;
    }
  }
}

/** What the output of a cell is kept under. */
export function outputKey(sessionKey: string, cellId: string): string {
  return `${sessionKey}/${cellId}`;
}
