import type { StdioOptions } from 'node:child_process';
import { openSync, readdirSync, readFileSync } from 'node:fs';

/** Only its standard error and a pipe to this process. */
const STREAMS = ['ignore', 'ignore', 'pipe', 'pipe'] as const;
const CLOSE_ON_EXEC = 0o2000000;

/** What a process gets in place of files that it would inherit. */
interface Covers {
  readonly descriptors: readonly number[];
  readonly nothing: number;
}

let covers: Covers | null | undefined;

/**
 * The streams of a sandbox process, for `spawn`.
 *
 * Files that this process inherited itself, for example from a shell, would be passed on: Node.js
 * closes only those that it opened. So an empty file replaces each of them.
 */
export function childStreams(): StdioOptions {
  covers ??= findCovers();
  if (covers === null) return [...STREAMS];
  const { descriptors, nothing } = covers;
  const streams: (number | 'ignore' | 'pipe')[] = [...STREAMS];
  for (const descriptor of descriptors) {
    while (streams.length < descriptor) streams.push('ignore');
    streams[descriptor] = nothing;
  }
  return streams;
}

/** Systems without `/proc` do not pass files on: there, Node.js starts processes in another way. */
function findCovers(): Covers | null {
  try {
    const descriptors = inheritedDescriptors();
    return descriptors.length === 0 ? null : { descriptors, nothing: openSync('/dev/null', 'r') };
  } catch {
    return null;
  }
}

/** All but the standard ones, in ascending order. Files that this process opens later are closed on exec. */
function inheritedDescriptors(): readonly number[] {
  const most = maxDescriptors();
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd >= STREAMS.length && fd < most && isPassedOn(fd))
    .toSorted((a, b) => a - b);
}

/** A descriptor above this limit cannot be replaced. */
function maxDescriptors(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 0);
}

function isPassedOn(fd: number): boolean {
  try {
    const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // It was the descriptor of the folder itself, which is closed by now.
    return false;
  }
}
