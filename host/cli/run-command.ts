import { abortable } from 'abort-controller-x';
import type { Delegate } from '../../src/delegate.ts';
import { followCell } from '../../src/embed/follow-cell.ts';
import { messageOf } from '../../src/errors.ts';
import type { CellEndEvent, OutputItem } from '../../src/events.ts';
import type { GuestGlobals } from '../../src/sandbox.ts';
import type { Session } from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import type { McpTools } from '../mcp/mcp-tools.ts';
import type { CliIo } from './cli-io.ts';
import { Interrupts } from './interrupts.ts';
import { openTools, type ServersOptions } from './open-tools.ts';
import { flush, type OutputFailures } from './output-failures.ts';
import { type CellResult, jsonPrinter, type OutputPrinter, textPrinter } from './output-printer.ts';
import { printLabelled } from './print.ts';
import { ProgressLine } from './progress-line.ts';
import { originName, readSource, type SourceOrigin } from './read-source.ts';

/** What `cellhost run` was asked for. */
export interface RunOptions extends ServersOptions {
  readonly origin: SourceOrigin;
  /** How long output may wait until it is shown, in milliseconds. */
  readonly yieldAfterMs: number;
  /** Run time of the cell in milliseconds. Default: no limit. */
  readonly maxRunMs: number | undefined;
  readonly json: boolean;
  /** Whether the program has a `console`. */
  readonly console: boolean;
  /** Which globals the program has. */
  readonly globals: GuestGlobals;
}

/** What a command needs of a session. */
export interface SessionNeeds {
  readonly delegate: Delegate;
  readonly tools: readonly ToolDefinition[];
  readonly console: boolean;
  readonly globals: GuestGlobals;
  readonly maxRunMs: number | undefined;
}

/** Makes a session; what must be closed when the command ends goes into `resources`. */
export type OpenSession = (needs: SessionNeeds, resources: AsyncDisposableStack) => Session;

/** Runs one cell. Resolves with the exit code when all it started is closed; does not reject. */
export async function runCommand(
  options: RunOptions,
  io: CliIo,
  output: OutputFailures,
  openSession: OpenSession,
): Promise<number> {
  using interrupts = new Interrupts(io, output);
  const ran = run(options, io, openSession, interrupts).then(async (exitCode) => {
    await output.flushed(interrupts.signal);
    return output.codeAfter(exitCode);
  });
  return await Promise.race([ran, interrupts.forced]);
}

async function run(
  options: RunOptions,
  io: CliIo,
  openSession: OpenSession,
  interrupts: Interrupts,
): Promise<number> {
  const { signal } = interrupts;
  const showsProgress = io.stderr.isTTY === true && !options.json;
  using progress = showsProgress ? new ProgressLine(io.stderr) : undefined;
  const printer = options.json
    ? jsonPrinter(io.stdout)
    : textPrinter(io.stdout, io.stderr, progress, originName(options.origin));
  try {
    await using resources = new AsyncDisposableStack();
    const source = await readSource(options.origin, io.stdin, signal);
    const mcp = await openTools(options, io, progress, resources, signal);
    const delegate = runDelegate(mcp, printer, progress);
    const session = openSession({ ...options, delegate, tools: mcp?.tools ?? [] }, resources);
    const observe = { yieldAfterMs: options.yieldAfterMs };
    const take = async (items: readonly OutputItem[]) => {
      for (const item of items) printer.output(item);
      // The output of the cell waits until what was taken is written.
      await abortable(signal, flush(io.stdout)).catch(() => {});
    };
    const event = await followCell(session, { source, observe }, { take }, signal);
    progress?.stop();
    const result = resultOf(event);
    printer.result(result);
    return exitCodeOf(result, interrupts);
  } catch (error) {
    progress?.stop();
    if (signal.aborted) return interrupts.exitCode;
    printLabelled(io.stderr, 'cellhost:', messageOf(error));
    return 2;
  }
}

function runDelegate(
  mcp: McpTools | undefined,
  printer: OutputPrinter,
  progress: ProgressLine | undefined,
): Delegate {
  return {
    invokeTool: async (call, signal) => {
      printer.toolCall(call.callId, call.tool);
      progress?.toolStarted(call.callId, call.tool);
      try {
        return await mcp?.invokeTool(call, signal);
      } finally {
        progress?.toolEnded(call.callId);
      }
    },
    notify: async ({ text }) => printer.notification(text),
  };
}

function resultOf(event: CellEndEvent): CellResult {
  switch (event.type) {
    case 'completed': {
      const { failure, notes } = event;
      if (failure === null) return { outcome: 'completed', failure, notes };
      const isTimeout = failure.kind === 'limit' && failure.text.includes('maxRunMs');
      return { outcome: isTimeout ? 'timed_out' : 'failed', failure, notes };
    }
    case 'terminated':
      return { outcome: 'terminated', failure: null, notes: [] };
    case 'missing':
      return { outcome: 'failed', failure: { kind: 'lost', text: event.message }, notes: [] };
  }
}

function exitCodeOf({ outcome }: CellResult, interrupts: Interrupts): number {
  switch (outcome) {
    case 'completed':
      return 0;
    case 'failed':
      return 1;
    case 'timed_out':
      return 124;
    case 'terminated':
      return interrupts.exitCode;
  }
}
