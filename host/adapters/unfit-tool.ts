import { CodeModeError } from '../../src/errors.ts';

/** The error for a tool of a framework that programs cannot call. */
export function unfitTool(name: string, problem: string): CodeModeError {
  const text = `Cannot offer the tool ${name} to programs: ${problem}`;
  return new CodeModeError('invalid_argument', text);
}
