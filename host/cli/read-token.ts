import { readFile } from 'node:fs/promises';
import { CodeModeError } from '../../src/errors.ts';
import { fileProblem } from '../io/file-problem.ts';

/** The token in a file, without white space around it. @throws `invalid_config` that names the file and the flag. */
export async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const text = `Cannot read ${path} (--token-file): ${fileProblem(error)}`;
    throw new CodeModeError('invalid_config', text, { cause: error });
  }
}
