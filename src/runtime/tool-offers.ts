import { checkToolNames } from '../embed/tool-names.ts';
import type { ProgramTool } from '../sandbox.ts';
import { type OfferedTool, offeredTools, type ToolDefinition } from '../tools.ts';
import { checkTools } from './check-arguments.ts';

/** A list of tools, as cells call them and as programs see them. All cells share these objects. */
export interface ToolOffer {
  readonly tools: readonly OfferedTool[];
  readonly program: readonly ProgramTool[];
}

const NO_TOOLS: readonly ToolDefinition[] = [];

/** What the cells of a session are offered. Each list of definitions is checked once. */
export class ToolOffers {
  readonly #definitions: readonly ToolDefinition[];
  readonly #asciiOnly: boolean;
  readonly #offers = new WeakMap<readonly ToolDefinition[], ToolOffer>();

  /**
   * @param definitions The default tools of a cell.
   * @param asciiOnly As for clients of version 1: of tools with the same identifier only the first is offered.
   * @throws `invalid_argument` for something that is no tool and for names that clash.
   */
  constructor(definitions: readonly ToolDefinition[] = NO_TOOLS, asciiOnly = false) {
    this.#definitions = definitions;
    this.#asciiOnly = asciiOnly;
    this.#check('Cannot open a session', definitions);
  }

  /** @param definitions Default: the tools of the session. @throws As the constructor. */
  of(definitions: readonly ToolDefinition[] = this.#definitions): ToolOffer {
    const known = this.#offers.get(definitions);
    if (known !== undefined) return known;
    this.#check('Cannot execute', definitions);
    const tools = offeredTools(definitions, this.#asciiOnly);
    const program = tools.map(({ identifier, definition: { description } }) => ({
      identifier,
      description,
    }));
    const offer = { tools, program };
    this.#offers.set(definitions, offer);
    return offer;
  }

  #check(what: string, definitions: readonly ToolDefinition[]): void {
    checkTools(what, definitions);
    if (!this.#asciiOnly) checkToolNames(what, definitions);
  }
}
