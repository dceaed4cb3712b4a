import type { ToolCall } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { ToolDefinition } from '../../src/tools.ts';

/**
 * Does what a tool does.
 *
 * @param call Its `input` is the argument.
 * @param signal Aborts when the program does not want the answer any more.
 * @returns Any JSON value, or a `JsonText`. It becomes the value the program awaits.
 * @throws Anything. The message becomes the error the program catches.
 */
export type ToolHandler = (call: ToolCall, signal: AbortSignal) => unknown;

/** The tools of a session, by name, and who does what they do. */
export class SessionTools {
  readonly #definitions: ToolDefinition[] = [];
  readonly #handlers = new Map<string, ToolHandler>();

  get definitions(): readonly ToolDefinition[] {
    return this.#definitions;
  }

  /** @throws `invalid_argument` for a name that is taken. */
  add(definition: ToolDefinition, handler: ToolHandler): void {
    const { name } = definition;
    if (this.#handlers.has(name)) {
      throw new CodeModeError(
        'invalid_argument',
        `Cannot add the tool ${name}: that name is taken`,
      );
    }
    this.#definitions.push(definition);
    this.#handlers.set(name, handler);
  }

  handlerOf(name: string): ToolHandler | undefined {
    return this.#handlers.get(name);
  }

  copy(): SessionTools {
    const copy = new SessionTools();
    for (const definition of this.#definitions) {
      copy.add(definition, this.#handlers.get(definition.name)!);
    }
    return copy;
  }
}
