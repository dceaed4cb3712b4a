import { checkToolNames } from '../../src/embed/tool-names.ts';
import { checkTools } from '../../src/runtime/check-arguments.ts';
import type { ToolDefinition } from '../../src/tools.ts';

/** Lists of tools in the form of a wire. Each list is checked and converted once. */
export class ToolLists<T> {
  readonly #convert: (tool: ToolDefinition) => T;
  readonly #asciiOnly: boolean;
  readonly #known = new WeakMap<readonly ToolDefinition[], T[]>();

  /** @param asciiOnly Whether the host makes ASCII identifiers, and drops tools whose identifier is taken. */
  constructor(convert: (tool: ToolDefinition) => T, asciiOnly: boolean) {
    this.#convert = convert;
    this.#asciiOnly = asciiOnly;
  }

  /** @throws `invalid_argument`. */
  of(tools: readonly ToolDefinition[]): T[] {
    const known = this.#known.get(tools);
    if (known !== undefined) return known;
    checkTools('Cannot execute', tools);
    checkToolNames('Cannot execute', tools, this.#asciiOnly);
    const converted = tools.map(this.#convert);
    this.#known.set(tools, converted);
    return converted;
  }
}
