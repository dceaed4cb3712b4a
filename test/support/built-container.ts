import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ContainerPlace, Environment } from './container-place.ts';
import { readContainerFile, wordsOf } from './unit-file.ts';

/** What the instructions of a container file have brought about. */
export interface BuiltContainer extends Disposable {
  /** Starts what the file starts, with all files read-only. */
  start(): ChildProcess;
  /** Runs the check of its health. @returns The exit code. */
  health(): Promise<number | null>;
  readonly stopSignal: NodeJS.Signals;
}

/**
 * Carries out the instructions of a container file one by one, with real commands.
 *
 * @param file Its text.
 * @param context The folder that files are copied from.
 * @param env What commands of the build find in their environment.
 * @throws Error for an instruction that is not known here, and for a command that fails.
 */
export async function buildContainer(
  file: string,
  context: string,
  place: ContainerPlace,
  env: Environment,
): Promise<BuiltContainer> {
  const own: Record<string, string> = {};
  let user = 'root';
  let entrypoint: readonly string[] = [];
  let command: readonly string[] = [];
  let health: readonly string[] = [];
  let stopSignal: NodeJS.Signals = 'SIGTERM';
  const run = (words: readonly string[], more: Environment, isReadOnly: boolean) => {
    const inside = words.map((word) => place.text(word));
    const launched = place.launch({ words: inside, env: { ...own, ...more }, user, isReadOnly });
    const [program = '', ...args] = launched.words;
    return spawn(program, args, { env: launched.env, stdio: ['ignore', 'pipe', 'pipe'] });
  };
  for (const { name, rest } of readContainerFile(file)) {
    switch (name) {
      case 'FROM':
      case 'EXPOSE':
        break;
      case 'COPY': {
        const [from = '', to = ''] = rest.split(' ');
        copyFileSync(join(context, from), place.path(to));
        break;
      }
      case 'RUN':
        await succeeded(run(['sh', '-c', rest], env, false), rest);
        break;
      case 'ENV': {
        const [, key = '', value = ''] = /^(\w+)=(\S+)$/.exec(rest) ?? [];
        own[key] = place.text(value);
        break;
      }
      case 'USER':
        user = rest;
        break;
      case 'HEALTHCHECK':
        health = wordsOf(rest.slice(rest.indexOf('CMD')));
        break;
      case 'STOPSIGNAL':
        stopSignal = rest as NodeJS.Signals;
        break;
      case 'ENTRYPOINT':
        entrypoint = wordsOf(rest);
        break;
      case 'CMD':
        command = wordsOf(rest);
        break;
      default:
        throw new Error(`Cannot carry out ${name} ${rest}`);
    }
  }
  return {
    start: () => run([...entrypoint, ...command], {}, true),
    health: async () => (await once(run(health, {}, true), 'exit'))[0],
    stopSignal,
    [Symbol.dispose]: () => {},
  };
}

async function succeeded(child: ChildProcess, what: string): Promise<void> {
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit'),
  ]);
  if (code !== 0) throw new Error(`${what}\nended with ${code}\n${stdout}${stderr}`);
}
