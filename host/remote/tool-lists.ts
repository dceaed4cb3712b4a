import { checkTools } from '../../src/runtime/check-arguments.ts';
import type { ToolDefinition } from '../../src/tools.ts';

/** Lists of tools in the form of a wire. Each list is checked and converted once. */
export class ToolLists<T> {
  readonly #convert: (tool: ToolDefinition) => T;
  readonly #known = new WeakMap<readonly ToolDefinition[], T[]>();

  constructor(convert: (tool: ToolDefinition) => T) {
    this.#convert = convert;
  }

  /** @throws `invalid_argument`. */
  of(tools: readonly ToolDefinition[]): T[] {
    const known = this.#known.get(tools);
    if (known !== undefined) return known;
    checkTools('Cannot execute', tools);
    const converted = tools.map(this.#convert);
    this.#known.set(tools, converted);
    return converted;
  }
}
