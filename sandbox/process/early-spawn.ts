import type { ChildProcess, SpawnOptions } from 'node:child_process';
import type { Socket } from 'node:net';
import { childStreams } from './child-files.ts';
import { ENDS_WITH_HOST } from './end-with-parent.ts';
import { engineStart } from './engine-start.ts';

/** Starts a process, as `spawn` of Node.js does. */
export type Spawn = (
  command: string,
  args: readonly string[],
  options: SpawnOptions,
) => ChildProcess;

/** Its module is loaded here, because a client that greets a host does not wait for it. */
const nodeSpawn: Spawn = (...args) => process.getBuiltinModule('node:child_process').spawn(...args);

/** How a process is started. */
export interface ChildStart {
  readonly nodePath: string;
  /** Words before the command: programs that restrict themselves and then run the rest. Default: none. */
  readonly launch?: readonly string[] | undefined;
  /** Words after those, from `endWithParent`: without them, the process has to notice itself that this one has gone. Default: none. */
  readonly endWithHost?: readonly string[] | undefined;
  /** Whether it has time to compile what later ones find compiled then. Default: no. */
  readonly rehearses?: boolean | undefined;
  /** Default: `spawn` of Node.js. */
  readonly spawn?: Spawn | undefined;
}

/**
 * Starts the process of a sandbox.
 *
 * @throws What `spawn` throws, and `sandbox_failed` if the code of the process is not where it was.
 */
export function spawnEngine(start: ChildStart) {
  const { nodePath, launch = [], endWithHost = [], rehearses, spawn = nodeSpawn } = start;
  const { args, env, cwd } = engineStart(nodePath);
  const told = [
    ...(rehearses === true ? ['rehearse'] : []),
    ...(endWithHost.length > 0 ? [ENDS_WITH_HOST] : []),
  ];
  const words = [...launch, ...endWithHost, nodePath, ...args, ...told];
  const [command, ...rest] = words as [string, ...string[]];
  // In a scheduling group of its own, so that processors are shared by session and not by thread.
  const detached = process.platform !== 'win32';
  return spawn(command, rest, { stdio: childStreams(), env, cwd, detached });
}

/**
 * Starts the first process now, while what will drive it is still loaded.
 *
 * It keeps this process not alive, and ends with it. If it cannot be started or ends before it is
 * taken, the one that takes it gets a new one, and hears what is wrong with that.
 *
 * @param findNode Finds the Node.js binary. Whatever it throws is told by the one that looks again.
 * @returns What starts processes from now on: this one is the first if it is started in the same way.
 */
export function spawnEarly(
  findNode: () => string,
  { endWithHost, spawn = nodeSpawn }: Pick<ChildStart, 'endWithHost' | 'spawn'> = {},
): Spawn {
  let started: readonly [command: string, args: readonly string[]] | undefined;
  let early: ChildProcess | undefined;
  const drop = () => {
    early = undefined;
  };
  try {
    const noted: Spawn = (command, args, options) => {
      started = [command, args];
      return spawn(command, args, options);
    };
    early = spawnEngine({ nodePath: findNode(), endWithHost, spawn: noted });
    early.once('error', drop).once('exit', drop);
    early.unref();
    for (const stream of early.stdio ?? [])
      (stream as Socket | null)?.on('error', () => {}).unref();
  } catch {
    drop();
  }
  return (command, args, options) => {
    const taken = early;
    drop();
    if (taken === undefined) return spawn(command, args, options);
    if (JSON.stringify(started) === JSON.stringify([command, args])) {
      // The listener for errors stays: an error may be on its way.
      taken.off('exit', drop).ref();
      return taken;
    }
    taken.kill('SIGKILL');
    return spawn(command, args, options);
  };
}
