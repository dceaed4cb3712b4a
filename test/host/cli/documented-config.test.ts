import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
    .filter((block) => block.includes('"command": "cellhost"'))
    .map((block) => ({ path, block })),
);

/** The paths of the packages that are installed with this one. */
function dependencies(): readonly string[] {
  const lock = JSON.parse(read('package-lock.json')) as {
    readonly packages: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  const kinds = ['dev', 'devOptional', 'optional', 'peer'];
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && !kinds.some((kind) => kind in entry))
    .map(([path]) => path);
}

/** A folder where the package is installed as it is published, with `cellhost` on the PATH. */
class InstalledPackage implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'cellhost-installed-'));
  readonly bin = join(this.folder, 'bin');

  constructor() {
    const place = join(this.folder, 'node_modules/cellhost');
    mkdirSync(place, { recursive: true });
    mkdirSync(this.bin);
    for (const name of ['bin', 'package.json']) {
      cpSync(join(ROOT, name), join(place, name), { recursive: true });
    }
    for (const path of dependencies()) {
      cpSync(join(ROOT, path), join(this.folder, path), { recursive: true });
    }
    symlinkSync(join(place, 'bin/cellhost.js'), join(this.bin, 'cellhost'));
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    const args = ['-p', 'tsconfig.build.json', '--outDir', join(place, 'dist')];
    const { status, stdout } = spawnSync(tsc, args, { cwd: ROOT, encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

describe('The documented configuration of an agent', () => {
  let installed: InstalledPackage;
  before(() => {
    installed = new InstalledPackage();
  });
  after(() => installed[Symbol.dispose]());

  it('is in the README and on the page about MCP', () => {
    assert.deepEqual(ENTRIES.map(({ path }) => path).sort(), ['README.md', 'docs/mcp.md']);
  });

  for (const { path, block } of ENTRIES) {
    it(`starts the built program and reaches the servers, as ${path} has it`, async () => {
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
