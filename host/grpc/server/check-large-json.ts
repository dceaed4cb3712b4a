import { isUtf8 } from 'node:buffer';
import { ANY_JSON, JsonScanner } from '../../../src/json/json-scanner.ts';

/** JSON of at least this size is looked at in pieces, in bytes. */
export const LARGE_JSON_BYTES = 64 << 10;
const PIECE_BYTES = 64 << 10;
/** How long it is looked at before other work of this process has its turn. */
const MAX_TURN_MS = 2;
const SPACES = [' ', '\t', '\n', '\r'].map((space) => space.charCodeAt(0));

/** Work that is done in several turns of the event loop. */
export class Turn {
  #until = performance.now() + MAX_TURN_MS;

  /** What to wait for before going on; undefined while there is time. */
  over(): Promise<void> | undefined {
    return performance.now() < this.#until ? undefined : this.#next();
  }

  async #next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#until = performance.now() + MAX_TURN_MS;
  }
}

/**
 * Checks that bytes are JSON in UTF-8, without parsing them.
 *
 * @returns How many values it has.
 * @throws Error that says what they are not.
 */
export async function checkLargeJson(bytes: Uint8Array, turn = new Turn()): Promise<number> {
  if (!isUtf8(bytes)) throw new Error('it is not UTF-8');
  const scanner = new JsonScanner(ANY_JSON);
  let at = 0;
  for (let end = 0; end < bytes.length && at === end; ) {
    const over = turn.over();
    if (over !== undefined) await over;
    end = Math.min(bytes.length, at + PIECE_BYTES);
    at = scanner.push(bytes, at, end);
  }
  while (SPACES.includes(bytes[at] ?? 0)) at += 1;
  if (!scanner.isWhole || at < bytes.length) throw new Error('it is not JSON');
  return scanner.values;
}
