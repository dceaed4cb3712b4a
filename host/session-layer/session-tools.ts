import type { ToolCall } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { ToolDefinition } from '../../src/tools.ts';

/**
 * Runs a tool.
 *
 * @param call Its `input` is the argument.
 * @param signal Aborts when the program no longer wants the answer.
 * @returns Any JSON value, or a `JsonText`. It becomes the value the program awaits.
 * @throws Anything. The message becomes the error the program catches.
 */
export type ToolHandler = (call: ToolCall, signal: AbortSignal) => unknown;

/** The tools of a session and their handlers, by name. */
export class SessionTools {
  readonly #definitions: ToolDefinition[] = [];
  readonly #handlers = new Map<string, ToolHandler>();

  get definitions(): readonly ToolDefinition[] {
    return this.#definitions;
  }

  /** @throws `invalid_argument` if the name is taken. */
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
