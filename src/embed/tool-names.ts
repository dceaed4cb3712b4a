import { CodeModeError } from '../errors.ts';
import { isReservedToolName, type ToolDefinition, toolIdentifier } from '../tools.ts';

/**
 * Refuses tools of which programs could reach only some, because others have the same identifier.
 *
 * @throws `invalid_argument`, which names the two tools.
 */
export function checkToolNames(definitions: readonly ToolDefinition[]): void {
  const names = new Map<string, string>();
  for (const { name } of definitions) {
    if (isReservedToolName(name)) continue;
    const identifier = toolIdentifier(name);
    const other = names.get(identifier);
    if (other !== undefined) throw clash(other, name, identifier);
    names.set(identifier, name);
  }
}

function clash(one: string, other: string, identifier: string): CodeModeError {
  const what =
    one === other
      ? `two tools are named ${one}`
      : `the tools ${one} and ${other} would both be tools.${identifier}`;
  return new CodeModeError('invalid_argument', `Cannot open a session: ${what}; rename one`);
}
