import { CodeModeError } from '../errors.ts';

const MAX_WORK_BYTES = 64_000;
const MAX_STEPS = 100_000;
const MAX_EXPANSIONS = 32;

/**
 * What rendering one schema may cost: 64,000 UTF-8 bytes written, 32 references expanded, and
 * 100,000 values visited, which only a malicious schema reaches.
 */
export class RenderBudget {
  #bytes = MAX_WORK_BYTES;
  #steps = MAX_STEPS;
  #expansions = MAX_EXPANSIONS;

  /**
   * Pays for text and gives it back.
   *
   * @throws `limit_exceeded`
   */
  write(text: string): string {
    this.spend(Buffer.byteLength(text));
    return text;
  }

  /**
   * Pays for this many bytes.
   *
   * @throws `limit_exceeded`
   */
  spend(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes >= 0) return;
    throw new CodeModeError(
      'limit_exceeded',
      `Cannot render a schema: more than ${MAX_WORK_BYTES} bytes are written`,
    );
  }

  /**
   * Pays for visiting values.
   *
   * @throws `limit_exceeded`
   */
  step(count = 1): void {
    this.#steps -= count;
    if (this.#steps >= 0) return;
    throw new CodeModeError(
      'limit_exceeded',
      `Cannot render a schema: it takes more than ${MAX_STEPS} steps`,
    );
  }

  /** Pays for one expansion of a reference. @returns False if none is left. */
  takeExpansion(): boolean {
    if (this.#expansions === 0) return false;
    this.#expansions -= 1;
    return true;
  }
}
