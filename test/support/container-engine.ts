import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuiltContainer } from './built-container.ts';
import { readContainerFile, wordsOf } from './unit-file.ts';

const ENGINES = ['docker', 'podman'];
/** For a first download of the image that the file begins with. */
const PROBE_MS = 60_000;
let count = 0;

/** The container engine that works here and has, or gets, this image; undefined if none does. */
export function engineFor(image: string): string | undefined {
  return ENGINES.find((engine) => {
    const argv = ['run', '--rm', image, 'true'];
    return spawnSync(engine, argv, { stdio: 'ignore', timeout: PROBE_MS }).status === 0;
  });
}

/**
 * Builds an image of a container file, which is run as its page says.
 *
 * @param secret The content of the file with the token.
 * @throws Error with what the engine says.
 */
export function buildImage(
  engine: string,
  file: string,
  context: string,
  port: number,
  secret: string,
): BuiltContainer {
  count += 1;
  const name = `cellhost-test-${process.pid}-${count}`;
  const run = (...argv: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(engine, argv, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${engine} ${argv.join(' ')}\n${stdout}${stderr}`);
  };
  writeFileSync(join(context, 'Dockerfile'), file);
  writeFileSync(join(context, 'token'), secret);
  run('build', '--tag', name, context);
  const check = readContainerFile(file).find((each) => each.name === 'HEALTHCHECK')?.rest ?? '';
  const options = [
    ...['--rm', '--name', name, '--init', '--read-only', '--tmpfs', '/tmp', '--memory', '2g'],
    ...['--volume', `${join(context, 'token')}:/run/secrets/cellhost-token:ro`],
    ...['--publish', `127.0.0.1:${port}:${port}`],
  ];
  return {
    start: () => spawn(engine, ['run', ...options, name], { stdio: ['ignore', 'pipe', 'pipe'] }),
    health: async () => {
      const words = wordsOf(check.slice(check.indexOf('CMD')));
      const [code] = await once(
        spawn(engine, ['exec', name, ...words], { stdio: 'ignore' }),
        'exit',
      );
      return code;
    },
    stopSignal: 'SIGTERM',
    [Symbol.dispose]: () => run('rmi', '--force', name),
  };
}
