import { describeTools } from '../../src/describe/tool-declarations.ts';
import { messageOf } from '../../src/errors.ts';
import type { CliIo } from './cli-io.ts';
import { Interrupts } from './interrupts.ts';
import { openTools, type ServersOptions } from './open-tools.ts';
import type { OutputFailures } from './output-failures.ts';
import { print, printLabelled } from './print.ts';

/**
 * Prints the declarations of all configured tools as a model reads them, and ends the servers again.
 *
 * @returns The exit code: 0, 2 for tools that could not be listed, 128 and the signal's number for an interrupt.
 */
export async function toolsCommand(
  options: ServersOptions,
  io: CliIo,
  output: OutputFailures,
): Promise<number> {
  using interrupts = new Interrupts(io, output);
  const listed = list(options, io, interrupts).then(async (exitCode) => {
    await output.flushed(interrupts.signal);
    return output.codeAfter(exitCode);
  });
  return await Promise.race([listed, interrupts.forced]);
}

async function list(options: ServersOptions, io: CliIo, interrupts: Interrupts): Promise<number> {
  const { signal } = interrupts;
  try {
    await using resources = new AsyncDisposableStack();
    const mcp = await openTools(options, io, undefined, resources, signal);
    const tools = mcp?.tools ?? [];
    if (tools.length > 0) print(io.stdout, `${describeTools(tools)}\n`);
    else printLabelled(io.stderr, 'note:', 'the configured servers have no tools');
    return 0;
  } catch (error) {
    if (signal.aborted) return interrupts.exitCode;
    printLabelled(io.stderr, 'cellhost:', messageOf(error));
    return 2;
  }
}
