import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { connect } from '../host/client/spawn-host.ts';
import { type BuiltContainer, buildContainer } from './support/built-container.ts';
import { buildImage, engineFor } from './support/container-engine.ts';
import { type ContainerPlace, mappedPlace, rootedPlace } from './support/container-place.ts';
import { blocksOf, read } from './support/doc-pages.ts';
import { startPackageRegistry } from './support/package-registry.ts';
import { packPackage } from './support/packed-package.ts';
import { ScriptedDelegate } from './support/scripted-delegate.ts';

const TOKEN = 'a-token-for-the-container';
const FILE = blocksOf({ path: 'docs/operate.md', text: read('docs/operate.md') }).find(
  ({ info }) => info === 'dockerfile',
)?.code as string;

/** Whether commands can be given a root folder of their own here. */
const canBeRooted =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--mount', 'chroot', '--userspec=0:0', '/', 'true']).status === 0;

const engine = engineFor(FILE.match(/^FROM (.*)$/m)?.[1] ?? '');

/** @returns What the file has built in a folder of the test. */
type Build = (
  file: string,
  context: string,
  folder: string,
  port: number,
) => Promise<BuiltContainer>;

const inPlace =
  (open: (folder: string) => ContainerPlace): Build =>
  async (file, context, folder) => {
    const place = open(folder);
    await using registry = await startPackageRegistry();
    const env = { npm_config_registry: registry.url, npm_config_audit: 'false' };
    const container = await buildContainer(file, context, place, env);
    writeFileSync(place.path('/run/secrets/cellhost-token'), TOKEN);
    return container;
  };

/** What can build here: each finds more than the one before. */
const BUILDERS: Readonly<Record<string, Build>> = {
  'below a folder': inPlace(mappedPlace),
  ...(canBeRooted && { 'in a root folder of its own': inPlace(rootedPlace) }),
  ...(engine && {
    [`by ${engine}`]: async (file, context, _, port) =>
      buildImage(engine, file, context, port, TOKEN),
  }),
};

/** A port that nobody uses. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

describe('What the container file builds', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-container-'));
  let context = '';
  before(() => {
    context = packPackage(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, build] of Object.entries(BUILDERS)) {
    it(`serves cells, says that it is ready, and stops: ${name}`, async () => {
      const port = await freePort();
      const place = mkdtempSync(join(folder, 'place-'));
      using container = await build(FILE.replaceAll('8080', `${port}`), context, place, port);
      assert.notEqual(await container.health(), 0, 'nobody listens yet');
      const host = container.start();
      const ended = once(host, 'exit');
      let stderr = '';
      host.stderr?.setEncoding('utf8').on('data', (piece) => {
        stderr += piece;
      });
      try {
        const [address] = await Promise.race([
          once(createInterface({ input: host.stdout! }), 'line'),
          ended.then(() => [stderr]),
        ]);
        assert.equal(address, `ws://0.0.0.0:${port}`);
        assert.equal(await container.health(), 0);
        const client = await connect(`ws://127.0.0.1:${port}`, { token: TOKEN });
        const session = await client.openSession({ delegate: new ScriptedDelegate() });
        const event = await session.run('text(6 * 7)');
        assert.deepEqual(event.items, [{ type: 'input_text', text: '42' }]);
        await client.close();
      } finally {
        host.kill(container.stopSignal);
        assert.deepEqual(await ended, [0, null], stderr);
      }
    });
  }

  it('is nothing if the file is broken', async () => {
    const build = (line: string) =>
      buildContainer(`FROM x\n${line}`, context, mappedPlace(mkdtempSync(join(folder, 'x-'))), {});
    await assert.rejects(build('COPY none.tgz /tmp/none.tgz'), { code: 'ENOENT' });
    await assert.rejects(build('RUN cat /tmp/none.tgz'), /ended with 1\n.*none.tgz/s);
    await assert.rejects(build('ADD none.tgz /tmp'), /Cannot carry out ADD/);
  });
});
