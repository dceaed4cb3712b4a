import { fork } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { InstalledPeer } from './install.ts';
import type { Outcome } from './outcome.ts';
import type { Assignment } from './peer-process.ts';
import { treeOf } from './process-tree.ts';
import type { Task } from './task.ts';

/** The maximum duration of each task in a quick run. */
const QUICK_SECONDS = 10;
const PEER_PROCESS = fileURLToPath(new URL('peer-process.ts', import.meta.url));

/**
 * Runs a task once for a peer, in a separate process that is ended afterwards with all its descendants.
 * Never rejects: a peer that ends its process has an outcome, too.
 */
export async function runTask(peer: InstalledPeer, task: Task, quick: boolean): Promise<Outcome> {
  const assignment: Assignment = {
    adapter: peer.entry.adapter,
    setting: peer.setting,
    task: task.id,
    quick,
  };
  const child = fork(PEER_PROCESS, [JSON.stringify(assignment)], {
    execPath: peer.nodePath,
    execArgv: ['--disable-warning=ExperimentalWarning', ...peer.entry.flags],
    // Peers may write to their working directory.
    cwd: tmpdir(),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const died = (detail: string) => resolve({ ok: false, kind: 'died', detail });
  child.once('message', (message) => resolve(message as Outcome));
  child.once('exit', (code, signal) => {
    died(`the process it runs in ended: ${signal ?? `exit code ${code}`}`);
  });
  child.once('error', ({ message }) => {
    resolve({ ok: false, kind: 'not available', detail: message });
  });
  const seconds = quick ? QUICK_SECONDS : task.maxSeconds;
  const timer = setTimeout(() => {
    resolve({ ok: false, kind: 'timed out', detail: `no answer within ${seconds} s` });
  }, seconds * 1_000);
  const outcome = await promise;
  clearTimeout(timer);
  await end(child);
  return outcome;
}

/** Kills a process and all its descendants. */
async function end(child: ReturnType<typeof fork>): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  for (const pid of treeOf(child.pid)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has already ended.
    }
  }
  await exit;
}
