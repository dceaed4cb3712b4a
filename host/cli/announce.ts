import type { CliOutput } from './cli-io.ts';
import { isReaderGone } from './output-failures.ts';

/**
 * Says where a program listens, in the first line of its output.
 *
 * @returns False if the line cannot be written, though somebody wants to read it.
 */
export function announce(output: CliOutput, url: string): Promise<boolean> {
  return new Promise((resolve) => {
    output.write(`${url}\n`, (error) => resolve(!error || isReaderGone(error)));
  });
}
