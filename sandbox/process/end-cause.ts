import type { CellFailure } from '../../src/events.ts';

/** Why a sandbox process was ended, or ended. */
export type EndCause =
  /** It, or all processes together, used too much memory for too long. */
  | 'memory'
  /** A program in it did not stop. */
  | 'stuck'
  /** It gave no sign of life. */
  | 'silent'
  /** It sent an invalid message. */
  | 'garbled'
  /** It exited by itself, or was killed from outside. */
  | 'crashed'
  /** When its last program ended, it had run enough, one had been stopped for its memory, or it was large. */
  | 'worn'
  /** It was no longer needed. */
  | 'idle'
  | 'closed';

/** How many processes ended, by cause. */
export type EndCounts = Readonly<Record<EndCause, number>>;

/** No process ended yet. */
export function noEnds(): Record<EndCause, number> {
  const none = { memory: 0, stuck: 0, silent: 0, garbled: 0, crashed: 0 };
  return { ...none, worn: 0, idle: 0, closed: 0 };
}

/** The failure of a program whose process is gone. */
export function lost(how: string): CellFailure {
  return { kind: 'lost', text: `exec runtime ended unexpectedly: its sandbox process ${how}` };
}

/** The failure of a program that never ran because its process did not get ready. */
export function notStarted(how: string): CellFailure {
  const text = `Cannot start the program: its sandbox process ${how}`;
  return { kind: 'sandbox_failed', text };
}

/** A limit on memory that was exceeded. */
export interface Excess {
  readonly limit: 'maxProcessBytes' | 'maxTotalBytes';
  readonly limitBytes: number;
  readonly usedBytes: number;
}

/** The failure of programs whose process was ended because of its memory. */
export function tooLarge(excess: Excess): CellFailure {
  return { kind: 'memory', text: `The cell was stopped: ${sayUse(excess)}` };
}

/** The failure of the one program that was stopped to make room. */
export function heaviest(excess: Excess): CellFailure {
  const text = `The cell was stopped: it used most of the memory where it ran, and ${sayUse(excess)}`;
  return { kind: 'memory', text };
}

function sayUse({ limit, limitBytes, usedBytes }: Excess): string {
  const who = limit === 'maxProcessBytes' ? 'its sandbox process' : 'all sandbox processes';
  return `${who} used ${mib(usedBytes)}, the limit is ${mib(limitBytes)} (${limit})`;
}

function mib(bytes: number): string {
  return `${Math.round(bytes / (1 << 20))} MiB`;
}
