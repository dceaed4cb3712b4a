import type { CellFailure } from '../../src/events.ts';
import type { SandboxLimits } from '../limits.ts';
import { syntaxFailure } from '../source/module-source.ts';

/** The failure of a program that exceeded a limit. */
export function overLimit(limits: SandboxLimits, limit: keyof SandboxLimits): CellFailure {
  const text = `The cell was stopped: it went over the limit ${limit} (${limits[limit]})`;
  return { kind: 'limit', text };
}

/** The failure of a program whose heap exceeded its limit. */
export function outOfMemory({ maxHeapBytes }: SandboxLimits): CellFailure {
  const bound = `${maxHeapBytes / (1 << 20)} MiB (maxHeapBytes)`;
  return { kind: 'memory', text: `The cell was stopped: its heap went over the limit ${bound}` };
}

/** The failure of a program that awaits a promise that nothing can settle any more. */
export function deadlock(): CellFailure {
  const text =
    'Deadlock: the program waits for a promise that can never settle, because no tool call, timer or notification is under way';
  return { kind: 'deadlock', text };
}

/** The failure of a program that V8 accepts as a module, but not as the body of a function. */
export function unreadable(error: unknown): CellFailure {
  const message = error instanceof Error ? error.message.replace(/ \[[^\]]*\]$/, '') : 'unknown';
  return syntaxFailure({ message, line: 1, column: 1 }).failure;
}
