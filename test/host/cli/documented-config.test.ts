import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { parseMcpConfig } from '../../../host/mcp/mcp-config.ts';
import { PAGES, ROOT, read } from '../../support/doc-pages.ts';
import { answerOf } from '../../support/mcp-face.ts';
import { ugly } from '../../support/mcp-servers.ts';
import { descendants } from '../../support/processes.ts';

/** The blocks of all pages that put us into the configuration of an agent. */
const ENTRIES = PAGES.flatMap(({ path, text }) =>
  [...text.matchAll(/^```json\n(.*?)^```$/gms)]
    .map(([, block = '']) => block)
    .filter((block) => /"mcpServers".*"command": "cellhost"/s.test(block))
    .map((block) => ({ path, block })),
);

/** The packages that are installed with this one. */
function dependencies(): readonly string[] {
  const lock = JSON.parse(read('package-lock.json')) as {
    readonly packages: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  const kinds = ['dev', 'devOptional', 'optional', 'peer'];
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && !kinds.some((kind) => kind in entry))
    .map(([path]) => path.slice('node_modules/'.length));
}

const build = mkdtempSync(join(tmpdir(), 'cellhost-built-'));
after(() => rmSync(build, { recursive: true }));

/** The folder with the compiled package, which is compiled once. */
function builtDist(): string {
  const dist = join(build, 'dist');
  if (existsSync(dist)) return dist;
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const args = ['-p', 'tsconfig.build.json', '--outDir', dist];
  const { status, stdout } = spawnSync(tsc, args, { cwd: ROOT, encoding: 'utf8' });
  assert.equal(status, 0, stdout);
  const bundle = ['--disable-warning=ExperimentalWarning', join(ROOT, 'bundle/run.ts'), dist];
  const bundled = spawnSync(process.execPath, bundle, { encoding: 'utf8' });
  assert.equal(bundled.status, 0, bundled.stderr);
  return dist;
}

/** How a package manager lays packages out: in one folder, or each in its own with links. */
type Layout = 'flat' | 'linked';

/** A folder where the package is installed as it is published, with `cellhost` on the PATH. */
class InstalledPackage implements Disposable {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'cellhost-installed-')));
  readonly bin = join(this.folder, 'bin');

  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
    const place = this.#placeOf('cellhost');
    mkdirSync(this.bin);
    for (const name of ['bin', 'package.json']) {
      cpSync(join(ROOT, name), join(place, name), { recursive: true });
    }
    const names = dependencies();
    for (const name of names) {
      cpSync(join(ROOT, 'node_modules', name), this.#placeOf(name), { recursive: true });
    }
    if (layout === 'linked') for (const name of ['cellhost', ...names]) this.#link(name, names);
    symlinkSync(join(place, 'bin/cellhost.js'), join(this.bin, 'cellhost'));
    cpSync(builtDist(), join(place, 'dist'), { recursive: true });
  }

  #placeOf(name: string): string {
    const own = this.#layout === 'flat' ? '' : `store/${name.replace('/', '+')}`;
    return join(this.folder, own, 'node_modules', name);
  }

  /** Puts links to what a package needs beside it. */
  #link(name: string, installed: readonly string[]): void {
    const place = this.#placeOf(name);
    const { dependencies, peerDependencies } = JSON.parse(
      readFileSync(join(place, 'package.json'), 'utf8'),
    ) as Readonly<Record<string, object | undefined>>;
    for (const needed of Object.keys({ ...dependencies, ...peerDependencies })) {
      if (!installed.includes(needed)) continue;
      const beside = join(place, ...name.split('/').map(() => '..'), needed);
      mkdirSync(dirname(beside), { recursive: true });
      symlinkSync(this.#placeOf(needed), beside);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

describe('The documented configuration of an agent', () => {
  it('is in the README and on the page about MCP', () => {
    assert.deepEqual(ENTRIES.map(({ path }) => path).sort(), ['README.md', 'docs/mcp.md']);
  });
});

for (const layout of ['flat', 'linked'] as const) {
  describe(`The package in a ${layout} installation`, () => {
    let installed: InstalledPackage;
    before(() => {
      installed = new InstalledPackage(layout);
    });
    after(() => installed[Symbol.dispose]());

    for (const { path, block } of ENTRIES) {
      it(`starts from the configuration of ${path} and reaches the servers`, async () => {
        const servers = { mcpServers: { one: ugly('well') } };
        writeFileSync(join(installed.folder, 'mcp.json'), JSON.stringify(servers));
        const { mcpServers } = parseMcpConfig(JSON.parse(block), path);
        const entry = mcpServers.cellhost;
        assert.ok(entry !== undefined && 'command' in entry);
        const { command, args = [] } = entry;
        const env = {
          ...process.env,
          PATH: `${installed.bin}:${dirname(process.execPath)}:${process.env.PATH}`,
        };
        const client = new Client({ name: 'agent', version: '1' });
        const where = {
          command,
          args: [...args],
          env: env as Record<string, string>,
          cwd: installed.folder,
        };
        await client.connect(new StdioClientTransport(where));
        try {
          const { tools } = await client.listTools();
          assert.deepEqual(
            tools.map(({ name }) => name),
            ['exec', 'wait', 'cells'],
          );
          const source = 'text((await tools.mcp__one__echo({ a: 1 })).structuredContent.args)';
          const result = await client.callTool({ name: 'exec', arguments: { source } });
          assert.deepEqual(answerOf(result).texts, ['{"a":1}']);
        } finally {
          await client.close();
        }
        assert.deepEqual(descendants(), []);
      });
    }
  });
}
