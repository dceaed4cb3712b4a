import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const LOOK_AGAIN_MS = 20;

/** A process that cannot be confused with a later one with the same id. */
interface Seen {
  readonly pid: number;
  readonly startedAt: string;
  readonly command: string;
}

/**
 * Remembers the descendants of a process, so that none of them is left when it is gone, because then
 * the system no longer knows their parent. Reads `/proc`; finds nothing without it.
 */
export class ProcessWatch {
  readonly #seen = new Map<number, Seen>();

  /** Finds the current descendants of this process. Returns their commands by id. */
  look(root: number): ReadonlyMap<number, string> {
    const running = new Map<number, string>();
    const all = readProcesses();
    for (const pid of below(root, all)) {
      const { startedAt } = all.get(pid)!;
      const command = readCommand(pid);
      running.set(pid, command);
      this.#seen.set(pid, { pid, startedAt, command });
    }
    return running;
  }

  /** Waits until all are gone, for a limited time; kills the rest. Returns what had to be killed. */
  async untilGone(limitMs: number): Promise<readonly string[]> {
    const end = performance.now() + limitMs;
    let left = this.#left();
    while (left.length > 0 && performance.now() < end) {
      await setTimeout(LOOK_AGAIN_MS);
      left = this.#left();
    }
    for (const { pid } of left) killQuietly(pid);
    return left.map(({ pid, command }) => `${pid} ${command}`);
  }

  #left(): readonly Seen[] {
    const all = readProcesses();
    return [...this.#seen.values()].filter(
      ({ pid, startedAt }) => all.get(pid)?.startedAt === startedAt,
    );
  }
}

/** Kills a process that may already be gone. */
function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}

type Processes = ReadonlyMap<number, { readonly parent: number; readonly startedAt: string }>;

function readProcesses(): Processes {
  const all = new Map<number, { parent: number; startedAt: string }>();
  for (const name of readNames()) {
    try {
      // The name of the program, in parentheses, may contain anything.
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1) ?? '';
      const fields = stat.split(' ');
      if (fields[0] === 'Z') continue;
      all.set(Number(name), { parent: Number(fields[1]), startedAt: fields[19] ?? '' });
    } catch {
      // It ended meanwhile.
    }
  }
  return all;
}

function readNames(): readonly string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function below(root: number, all: Processes): ReadonlySet<number> {
  const found = new Set([root]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const [pid, { parent }] of all) if (found.has(parent)) found.add(pid);
  }
  found.delete(root);
  return found;
}

function readCommand(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
  } catch {
    return '';
  }
}
