import { type ChildProcessByStdio, type SpawnOptions, spawn } from 'node:child_process';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { ignoreErrors } from './ignore-errors.ts';

/** A process with a pipe for each of its standard streams. */
export type PipedProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts a process. No error of it or its streams, however late, ends this process.
 *
 * If no file descriptors are left, its streams have ended from the start; `'error'` and `'close'` follow as usual.
 *
 * @throws The system's error if it refuses the command itself.
 */
export function spawnPiped(
  command: string,
  args: readonly string[],
  options: Omit<SpawnOptions, 'stdio'>,
): PipedProcess {
  const child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  // Node.js leaves out streams that it cannot create.
  child.stdin ??= new PassThrough().destroy();
  child.stdout ??= new PassThrough().destroy();
  child.stderr ??= new PassThrough().destroy();
  for (const emitter of [child, child.stdin, child.stdout, child.stderr]) ignoreErrors(emitter);
  return child;
}
