import { type ChildProcessByStdio, type SpawnOptions, spawn } from 'node:child_process';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { ignoreErrors } from './ignore-errors.ts';

/** A process with a pipe at each of its standard streams. */
export type PipedProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts a process. No error that it or its streams emit, however late, ends this process.
 *
 * Where there are no descriptors left, its streams are over from the beginning; `'error'` and `'close'` come as ever.
 *
 * @throws What the system says where it refuses the command as such.
 */
export function spawnPiped(
  command: string,
  args: readonly string[],
  options: Omit<SpawnOptions, 'stdio'>,
): PipedProcess {
  const child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  // Node leaves them out where it cannot make them.
  child.stdin ??= new PassThrough().destroy();
  child.stdout ??= new PassThrough().destroy();
  child.stderr ??= new PassThrough().destroy();
  for (const emitter of [child, child.stdin, child.stdout, child.stderr]) ignoreErrors(emitter);
  return child;
}
