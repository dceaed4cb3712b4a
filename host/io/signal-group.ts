import type { ChildProcess } from 'node:child_process';

/** Sends a signal to the process group that a process was started as the leader of. No error if none of it is left. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  const { pid } = child;
  if (pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-pid, signal);
  } catch {
    // ESRCH: nobody is left, which is what we want.
  }
}
