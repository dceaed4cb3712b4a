import type { Readable } from 'node:stream';
import type { CellFailure } from '../../src/events.ts';
import { lost } from './end-cause.ts';

const MAX_LENGTH = 4_096;
const MAX_QUOTE_LENGTH = 200;
/** The line in which V8 or Node.js says why it ends. */
const FATAL = /^(?:# )?(Fatal (?!error with).*|FATAL ERROR:.*|\w*Error:.*)$/m;

/** What a sandbox process said last on its standard error. */
export class LastWords {
  #text = '';

  constructor(stderr: Readable | null) {
    stderr?.on('error', () => {});
    stderr?.on('data', (chunk: Buffer) => {
      this.#text = (this.#text + chunk.toString()).slice(-MAX_LENGTH);
    });
  }

  /**
   * The failure of programs whose process ended by itself: V8 says what it could not go on with.
   *
   * @param how How it ended, as seen from outside.
   */
  explain(how: string): CellFailure {
    const { kind, text } = lost(this.quote(how));
    return { kind: /memory|invalid.*size/i.test(this.#fatal) ? 'memory' : kind, text };
  }

  /** How it ended, with the line in which it said why, where it did. */
  quote(how: string): string {
    return this.#fatal === '' ? how : `${how} (${this.#fatal})`;
  }

  get #fatal(): string {
    return FATAL.exec(this.#text)?.[1]?.slice(0, MAX_QUOTE_LENGTH) ?? '';
  }
}
