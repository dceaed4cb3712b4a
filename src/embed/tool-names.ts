import { CodeModeError } from '../errors.ts';
import { isReservedToolName, type ToolDefinition, toolIdentifier } from '../tools.ts';

/**
 * Refuses tools of which programs could reach only some, because others have the same identifier.
 *
 * @param what The operation that cannot be done: the first words of the error.
 * @param asciiOnly As in `toolIdentifier`.
 * @throws `invalid_argument`, which names the two tools.
 */
export function checkToolNames(
  what: string,
  definitions: readonly ToolDefinition[],
  asciiOnly = false,
): void {
  const names = new Map<string, string>();
  for (const { name } of definitions) {
    if (isReservedToolName(name)) continue;
    const identifier = toolIdentifier(name, asciiOnly);
    const other = names.get(identifier);
    if (other !== undefined) throw clash(what, other, name, identifier);
    names.set(identifier, name);
  }
}

function clash(what: string, one: string, other: string, identifier: string): CodeModeError {
  const problem =
    one === other
      ? `two tools are named ${one}`
      : `the tools ${one} and ${other} would both be tools.${identifier}`;
  return new CodeModeError('invalid_argument', `${what}: ${problem}; rename one`);
}
