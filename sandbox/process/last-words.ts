import type { Readable } from 'node:stream';
import type { CellFailure } from '../../src/events.ts';
import { lost } from './end-cause.ts';

const MAX_LENGTH = 4_096;
const MAX_QUOTE_LENGTH = 200;
/** The line in which V8 or Node.js gives the reason for an exit. */
const FATAL = /^(?:# )?(Fatal (?!error with).*|FATAL ERROR:.*|\w*Error:.*)$/m;

/** The end of a sandbox process's standard error. */
export class LastWords {
  #text = '';

  constructor(stderr: Readable | null) {
    stderr?.on('error', () => {});
    stderr?.on('data', (chunk: Buffer) => {
      this.#text = (this.#text + chunk.toString()).slice(-MAX_LENGTH);
    });
  }

  /**
   * The failure of programs whose process exited by itself, with the reason that V8 gave.
   *
   * @param how How it exited, as seen from outside.
   */
  explain(how: string): CellFailure {
    const { kind, text } = lost(this.quote(how));
    return { kind: /memory|invalid.*size/i.test(this.#fatal) ? 'memory' : kind, text };
  }

  /** How it exited, with the line that gives the reason if there is one. */
  quote(how: string): string {
    return this.#fatal === '' ? how : `${how} (${this.#fatal})`;
  }

  get #fatal(): string {
    return FATAL.exec(this.#text)?.[1]?.slice(0, MAX_QUOTE_LENGTH) ?? '';
  }
}
